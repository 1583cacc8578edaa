import { execFileSync } from 'node:child_process';
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

/** Of a process that runs. `cores`: as taskset lists them. */
export function moveTo(cores: string, pid: number): void {
  execFileSync('taskset', ['--all-tasks', '--pid', '--cpu-list', cores, String(pid)], { stdio: 'ignore' });
}

/** A process that was kept to its cores runs where there is room. */
export function onAnyCore(pid: number): void {
  moveTo(`0-${availableParallelism() - 1}`, pid);
}
