import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { Command } from '@wscluster/testbed';
import type { Figure } from './figure.ts';
import type { Programs } from './needs.ts';

export interface Request {
  readonly programs: Programs;
  readonly quick: boolean;
  /** All by default. */
  readonly cases?: readonly string[] | undefined;
}

export interface Outcome {
  readonly figures: readonly Figure[];
  /** A line for each case that failed. */
  readonly failures: readonly string[];
}

/**
 * Measures in a network namespace of its own, which has nothing but a loopback device. Firewall rules of the machine,
 * such as Docker's, would cost time for each packet, and remember each closed connection for two minutes: more of them
 * than their table holds.
 */
export async function measureIsolated(request: Request): Promise<Outcome> {
  const role = fileURLToPath(new URL('./measure-role.ts', import.meta.url));
  const [command, ...args] = isolated([process.execPath, role, JSON.stringify(request)]);
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  const output = await text(child.stdout);
  await ended;
  if (child.exitCode !== 0) throw new Error('the comparison with other proxies was not measured; see above');
  return JSON.parse(output) as Outcome;
}

/** It ends with this process. */
function isolated(command: Command): Command {
  const asRoot = process.getuid?.() === 0 ? [] : ['--map-root-user'];
  return [
    ...(['setpriv', '--pdeathsig', 'TERM', 'unshare', ...asRoot, '--net'] as const),
    ...['sh', '-c', 'ip link set lo up && exec "$@"', 'sh', ...command],
  ];
}
