import { type ClusterSettings, DEFAULT_MOVE_SETTINGS } from '@wscluster/ring';
import type { Gateway } from '../gateway.ts';
import type { GatewayUnderTest } from './gateway-under-test.ts';
import type { RawSocket } from './raw-socket.ts';
import { revision, ringMessage, ringOf, SETTINGS, type TestNode } from './rings.ts';

/** Settings of a cluster whose connections migrate. */
export const MIGRATING = { ...SETTINGS, moves: { ...DEFAULT_MOVE_SETTINGS, mode: 'migrate' as const } };

/** With this header line in its 101 a node says that it understands handovers. */
export const AWARE = ['X-WsCluster-Migrate: accepted'];

/** All slots belong to one of the nodes from now on. */
export function moveTo(
  test: GatewayUnderTest,
  nodes: readonly TestNode[],
  index: number,
  version: number,
  settings: ClusterSettings = MIGRATING,
): void {
  const ring = ringOf(revision(version), nodes, () => index);
  test.broadcast(ringMessage(ring, undefined, settings));
}

/** The frames that a node has received behind the head of the request: opcode and payload. */
export function framesAt({ received }: RawSocket): [opcode: number, payload: string][] {
  const frames: [number, string][] = [];
  let at = received.indexOf('\r\n\r\n') + 4;
  while (at + 6 <= received.length) {
    const short = (received[at + 1] as number) & 0x7f;
    const [length, head] = short === 127 ? [Number(received.readBigUInt64BE(at + 2)), 10] : [short, 2];
    const mask = received.subarray(at + head, at + head + 4);
    const masked = received.subarray(at + head + 4, at + head + 4 + length);
    frames.push([(received[at] as number) & 0x0f, masked.map((byte, i) => byte ^ (mask[i & 3] as number)).toString()]);
    at += head + 4 + length;
  }
  return frames;
}

/** What only the gateway and this node know. */
export function tokenOf({ text }: RawSocket): string {
  return /^x-wscluster-token: (\S+)/im.exec(text)?.[1] ?? 'no token';
}

/** The same as outcomes, of a gateway that may have stopped, so that nobody can ask it. */
export async function countedBy({ metrics }: Pick<Gateway, 'metrics'>): Promise<Record<string, number>> {
  const { values = [] } = (await metrics.getSingleMetric('wscluster_gateway_migrations_total')?.get()) ?? {};
  return Object.fromEntries(values.map(({ labels, value }) => [String(labels.outcome), value]));
}

/** How often each outcome of a migration was counted. */
export async function outcomes({ gateway }: GatewayUnderTest): Promise<Record<string, number>> {
  const text = await (await fetch(`http://127.0.0.1:${gateway.probePort}/metrics`)).text();
  const found = text.matchAll(/^wscluster_gateway_migrations_total\{outcome="([^"]+)"\} (\d+)$/gm);
  return Object.fromEntries([...found].map(([, outcome, count]) => [outcome, Number(count)]));
}
