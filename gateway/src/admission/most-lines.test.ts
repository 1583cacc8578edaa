import { DEFAULT_GATEWAY_LIMITS, MAX_HEADER_LINES } from '@wscluster/ring';
import { describe, expect, it } from 'vitest';
import type { EchoNode } from '../testing/echo-node.ts';
import { eventually } from '../testing/eventually.ts';
import { MIGRATING } from '../testing/migrations.ts';
import { noticed } from '../testing/noticed.ts';
import { rawRequest } from '../testing/raw-socket.ts';
import { releaseUpTo, revision, ringMessage, ringOf, type TestNode } from '../testing/rings.ts';
import { useGateway } from '../testing/use-gateway.ts';

const settings = {
  ...MIGRATING,
  moves: { ...MIGRATING.moves, onLost: 'redial' as const },
  limits: { ...DEFAULT_GATEWAY_LIMITS, maxHeaderLines: MAX_HEADER_LINES },
};
const { gatewayFor, echoNode } = useGateway({}, settings);

/** The second node is the owner of all slots, and the clients of the first one have yet to move. */
const moved = (nodes: readonly TestNode[]) =>
  ringMessage(
    ringOf(revision(2), nodes, () => 1),
    releaseUpTo(revision(1)),
    settings,
  );

/** A head of so many lines, of which the last one is `X-Last: here`. */
const headOf = (count: number, first: string, ...lines: readonly string[]) => {
  const more = Array.from({ length: count - lines.length - 1 }, (_, i) => `X-${i}: y`);
  return [first, ...lines, ...more, 'X-Last: here'];
};
const UPGRADE = [
  ...['Host: x', 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'],
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
];
const linesAt = ({ visits }: EchoNode) => (visits[0]?.request.rawHeaders.length ?? 0) / 2;

describe('as many header lines as a cluster can allow, at a node that is a Node server', () => {
  it('of an upgrade come along with those of the gateway, also when it goes from a lost node to another one', async () => {
    const [a, b] = [await echoNode('a'), await echoNode('b')];
    const test = await gatewayFor(a, b);
    const client = rawRequest(test.gateway.port, headOf(MAX_HEADER_LINES, 'GET /connect/ada HTTP/1.1', ...UPGRADE));
    await eventually('it is answered', () => client.text.includes('\r\n\r\n'));
    expect(client.text).toMatch(/^HTTP\/1\.1 101 /);
    expect(a.visits[0]?.request.headers).toMatchObject({ 'x-wscluster-migrate': 'offered', 'x-last': 'here' });
    await a.stop();
    await noticed();
    test.broadcast(moved([a, b]));
    await eventually('it is with the new owner', () => b.visits.length === 1);
    expect(b.visits[0]?.request.headers).toMatchObject({ 'x-wscluster-state': 'lost', 'x-last': 'here' });
    // One more would be too many.
    expect(linesAt(b)).toBe(1_000);
    client.socket.destroy();
  });

  it('of a plain request come along with those of the gateway', async () => {
    const nodes = [await echoNode('a'), await echoNode('b')];
    const test = await gatewayFor(...nodes);
    test.broadcast(moved(nodes));
    const head = headOf(MAX_HEADER_LINES, 'POST /send?userId=ada HTTP/1.0', 'X-No: Host');
    const client = rawRequest(test.gateway.port, head);
    await eventually('the whole answer', () => client.ended);
    const [status = '', body = ''] = client.text.split('\r\n\r\n');
    expect(status).toMatch(/^HTTP\/1\.1 200 /);
    const { headers } = JSON.parse(body) as { headers: Record<string, string> };
    expect(headers).toMatchObject({ 'x-wscluster-settling': '1', 'x-last': 'here' });
    expect(Object.keys(headers).length).toBeLessThanOrEqual(1_000);
    client.socket.destroy();
  });

  it.each([1, 2, 500])('and %i more are refused, by the name of the limit', async (more) => {
    const { gateway } = await gatewayFor(await echoNode('a'));
    const head = headOf(MAX_HEADER_LINES + more, 'GET /connect/ada HTTP/1.1', ...UPGRADE);
    const client = rawRequest(gateway.port, head);
    await eventually('the whole answer', () => client.ended);
    const [status = '', body = ''] = client.text.split('\r\n\r\n');
    expect(status).toMatch(/^HTTP\/1\.1 431 /);
    expect(JSON.parse(body)).toMatchObject({ code: 'LIMIT_REACHED', field: 'maxHeaderLines' });
    client.socket.destroy();
  });
});
