import { afterEach, describe, expect, it, vi } from 'vitest';
import { CurrentTable } from '../table/current-table.ts';
import { connectClient } from '../testing/client.ts';
import { eventually } from '../testing/eventually.ts';
import type { GatewayUnderTest } from '../testing/gateway-under-test.ts';
import { MIGRATING, moveTo, outcomes } from '../testing/migrations.ts';
import { useGateway } from '../testing/use-gateway.ts';

const LIMITS = { closeMs: 1_000, nodeCloseMs: 1_000 };
const migrating = useGateway(LIMITS, MIGRATING);
const redialling = useGateway(LIMITS, { ...MIGRATING, moves: { ...MIGRATING.moves, onLost: 'redial' } });

afterEach(() => vi.restoreAllMocks());

async function bugs({ gateway }: GatewayUnderTest): Promise<string | undefined> {
  const text = await (await fetch(`http://127.0.0.1:${gateway.probePort}/metrics`)).text();
  return /^wscluster_gateway_bugs_total (\d+)$/m.exec(text)?.[1];
}

/** No input makes it fail; this does it in the place of whatever nobody has thought of. */
function breakTheWait(): void {
  vi.spyOn(CurrentTable.prototype, 'otherOwner').mockRejectedValue(new Error('odd'));
}

it('a ring that cannot be applied by an error that nobody expected is counted, and the last ring stays in use', async () => {
  const nodes = [await migrating.echoNode('a'), await migrating.echoNode('b')] as const;
  const test = await migrating.gatewayFor(...nodes);
  const client = await connectClient(test.gateway.port);
  vi.spyOn(CurrentTable.prototype, 'take').mockImplementation(() => {
    throw new Error('odd');
  });
  moveTo(test, [...nodes], 1, 2);
  expect(await bugs(test)).toBe('1');
  client.socket.send('still here');
  await eventually('its node has it', () => nodes[0].visits[0]?.messages.includes('still here') === true);
});

describe('the wait for a new owner fails by an error that nobody expected, which is counted', () => {
  it('in a migration: the client is told to reconnect', async () => {
    const a = await migrating.echoNode('a');
    const b = await migrating.rawNode('b', ({ socket }) =>
      socket.end('HTTP/1.1 421 Misdirected Request\r\nContent-Length: 0\r\n\r\n'),
    );
    const test = await migrating.gatewayFor(a, b);
    const client = await connectClient(test.gateway.port);
    breakTheWait();
    moveTo(test, [a, b], 1, 2);
    await eventually('it is told', () => client.closed !== undefined);
    expect(client.closed).toEqual({ code: 1012, reason: 'owner changed' });
    expect(await outcomes(test)).toEqual({ 'new-owner-refused': 1 });
    expect(await bugs(test)).toBe('1');
  });

  it('in a redial: the client, which was held, is let go', async () => {
    const [a, b] = [await redialling.echoNode('a'), await redialling.echoNode('b')];
    const test = await redialling.gatewayFor(a, b);
    const client = await connectClient(test.gateway.port);
    breakTheWait();
    await a.stop();
    await eventually('it is let go', () => client.closed !== undefined);
    expect(client.closed?.code).toBe(1006);
    expect(await bugs(test)).toBe('1');
    expect(test.gateway.connections).toBe(0);
  });
});
