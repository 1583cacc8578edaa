import { slotOf } from '@wscluster/ring';
import { http } from '../test/e2e/support/http.ts';
import type { LoggedProcess } from '../test/e2e/support/processes.ts';
import { until } from '../test/e2e/support/wait.ts';
import type { KubernetesSite } from './kubernetes-site.ts';
import { median } from './result.ts';

/** From a pod's being ready, as an independent watcher is told: ms. */
export interface Routed {
  /** Until the last gateway routes by a ring with it. */
  readonly totalMs: number;
  /** Until the controller has a ring to publish. */
  readonly decidedMs: number;
}

/** Waits until all gateways route by a ring of so many members that came after `readyAt`, Unix ms. */
export async function routed(
  site: KubernetesSite,
  members: number,
  readyAt: () => number | undefined,
): Promise<Routed> {
  const appliedAt = () => {
    const after = readyAt();
    if (after === undefined) return undefined;
    const times = site.gateways.map(({ process }) => firstAfter(process, 'ring-applied', members, after));
    return times.includes(undefined) ? undefined : Math.max(...(times as number[]));
  };
  await until(`the pod is ready, and in a ring of ${members} on all gateways`, () => appliedAt() !== undefined, 60_000);
  const after = readyAt() ?? Number.NaN;
  const decided = firstAfter(site.operator.process, 'ring-published', members, after) ?? Number.NaN;
  return { totalMs: (appliedAt() ?? Number.NaN) - after, decidedMs: decided - after };
}

/** Fails unless each gateway sends a key that the node owns to what listens at the node's address. */
export async function checkRouted(site: KubernetesSite, nodeId: string, says: string): Promise<void> {
  const ring = await site.ask<{ table: number[]; members: { nodeId: string }[] }>('/ring?slots=true');
  const index = ring.members.findIndex((member) => member.nodeId === nodeId);
  let n = 0;
  while (ring.table[slotOf(`user-${n}`)] !== index) n++;
  for (const { port } of site.gateways) {
    const { text } = await http('GET', `http://127.0.0.1:${port}/whoami?userId=user-${n}`);
    if (!text.includes(says)) throw new Error(`a key of ${nodeId} was answered by ${text}, and not by ${says}`);
  }
}

export function summary(rounds: readonly Routed[]): { p99: number; text: string } {
  const total = rounds.map(({ totalMs }) => totalMs);
  const p99 = total.toSorted((a, b) => a - b)[Math.ceil(total.length * 0.99) - 1] ?? Number.NaN;
  const part = (of: (round: Routed) => number) => median(rounds.map(of)).toFixed(0);
  return {
    p99,
    text: `${rounds.length} rounds, median ${median(total).toFixed(0)} ms: ${part((r) => r.decidedMs)} until the ring is made (watch, listing, target), ${part((r) => r.totalMs - r.decidedMs)} until it is applied (encoding, Redis, RabbitMQ, gateways); whole milliseconds, from logs`,
  };
}

/** Clocks of logs have whole milliseconds; an event may seem to come before its cause by one. */
function firstAfter({ lines }: LoggedProcess, event: string, members: number, after: number): number | undefined {
  const line = lines.find(
    (one) => one.event === event && one.members === members && Date.parse(String(one.time)) >= after - 1,
  );
  return line === undefined ? undefined : Date.parse(String(line.time));
}
