import { createLogger } from '@wscluster/service';
import { afterEach, describe, expect, it } from 'vitest';
import { type EchoNode, startEchoNode } from './testing/echo-node.ts';
import { eventually } from './testing/eventually.ts';
import { type GatewayUnderTest, startTestGateway } from './testing/gateway-under-test.ts';
import { NOBODY } from './testing/nobody.ts';
import { rawUpgrade } from './testing/raw-socket.ts';
import { revision, ringMessage, ringOf, type TestNode } from './testing/rings.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const lines: Record<string, unknown>[] = [];
const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
  lines.length = 0;
});

/** A gateway that logs everything. */
async function logged(node: TestNode): Promise<GatewayUnderTest> {
  const log = createLogger('gateway', {}, { write: (line) => lines.push(JSON.parse(line)) });
  log.level = 'debug';
  const options = { log, limits: { ownerWaitMs: 100 } };
  const test = await startTestGateway(ringMessage(ringOf(revision(1), [node])), options);
  stops.push(() => test.gateway.stop());
  return test;
}

async function echo(): Promise<EchoNode> {
  const node = await startEchoNode('a');
  stops.push(() => node.stop());
  return node;
}

async function idAtNode(port: number, headers: Record<string, string>): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port}/send?userId=ada`, { headers });
  const { headers: got } = (await answer.json()) as { headers: Record<string, string> };
  return got['x-request-id'] ?? '';
}

const linesOf = (requestId: string) => lines.filter((line) => line.requestId === requestId);

describe('a request id', () => {
  it('that a client gives goes to the node; without a usable one the gateway makes one', async () => {
    const { gateway } = await logged(await echo());
    expect(await idAtNode(gateway.port, { 'X-Request-Id': 'trace/7:a' })).toBe('trace/7:a');
    for (const unusable of ['', 'two words', 'x'.repeat(129), 'grüße'])
      expect(await idAtNode(gateway.port, { 'X-Request-Id': unusable })).toMatch(UUID);
    expect(await idAtNode(gateway.port, {})).toMatch(UUID);
  });

  it('of an upgrade goes to the node once, and stands in the log at debug', async () => {
    const node = await echo();
    const { gateway } = await logged(node);
    const client = rawUpgrade(gateway.port, '/connect/ada', ['x-request-id: mine']);
    await eventually('the visit', () => node.visits.length === 1);
    expect(node.visits[0]?.request.headers['x-request-id']).toBe('mine');
    await eventually('the line', () => linesOf('mine').length > 0);
    expect(linesOf('mine')).toMatchObject([{ level: 'debug', event: 'upgrade', result: 'opened' }]);
    client.socket.destroy();
  });

  it('stands in the error that a client gets, and in the log, with an action when it is the operator’s to act', async () => {
    const { gateway } = await logged(NOBODY);
    const headers = { 'X-Request-Id': 'plain' };
    const answer = await fetch(`http://127.0.0.1:${gateway.port}/send?userId=ada`, { headers });
    expect(answer.headers.get('x-request-id')).toBe('plain');
    expect(await answer.json()).toMatchObject({ code: 'OWNER_UNREACHABLE', requestId: 'plain' });
    expect(linesOf('plain')).toMatchObject([
      { level: 'warn', event: 'request-refused', status: 502, action: expect.stringContaining('node') },
      { level: 'debug', event: 'request', status: 502 },
    ]);

    const client = rawUpgrade(gateway.port, '/nowhere', ['X-Request-Id: upgrade']);
    await eventually('the answer', () => client.ended);
    expect(client.text).toMatch(/^HTTP\/1\.1 404 /);
    expect(client.text).toContain('\r\nx-request-id: upgrade\r\n');
    expect(client.text).toContain('"requestId":"upgrade"');
    expect(linesOf('upgrade').map(({ level }) => level)).toEqual(['debug', 'debug']);
    client.socket.destroy();
  });
});
