import { availableParallelism } from 'node:os';
import type { Command } from '@wscluster/testbed';

/** The proxy under test has the last core to itself, its helper threads included; nodes and load have the others. */
const PROXY = availableParallelism() - 1;

export function onProxyCore(command: Command): Command {
  return ['taskset', '--cpu-list', String(PROXY), ...command];
}

export function onOtherCores(command: Command): Command {
  return ['taskset', '--cpu-list', `0-${PROXY - 1}`, ...command];
}
