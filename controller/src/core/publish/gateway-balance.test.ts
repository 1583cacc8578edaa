import { silentLogger } from '@wscluster/service';
import { describe, expect, test, vi } from 'vitest';
import { EventLog } from '../events/event-log.ts';
import { GatewayBalance } from './gateway-balance.ts';

/** The gateway that a load balancer gives a client; `counts`: connections of each. */
type Policy = (counts: readonly number[], client: number, connects: number) => number;

const leastConnections: Policy = (counts) => counts.indexOf(Math.min(...counts));
const inTurn: Policy = (counts, _client, connects) => connects % counts.length;
const atRandom: Policy = (counts) => {
  seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
  return Math.floor((seed / 2 ** 31) * counts.length);
};
let seed = 7;
const byAddress: Policy = () => 0;
/** The first gateway gets twice as many as each of the others. */
const weighted: Policy = (counts, _client, connects) => Math.max(0, (connects % (counts.length + 1)) - 1);

interface Input {
  readonly counts: readonly number[];
  readonly policy: Policy;
  readonly seconds: number;
  readonly enabled?: (second: number) => boolean;
  readonly calm?: (second: number) => boolean;
  readonly known?: (second: number) => boolean;
  readonly perSecond?: number;
}

/** Gateways and their clients, which come back three seconds after they were told. */
function simulate({
  counts,
  policy,
  seconds,
  enabled = () => true,
  calm = () => true,
  known = () => true,
  perSecond = 500,
}: Input) {
  const warn = vi.fn();
  const balance = new GatewayBalance(
    { ...silentLogger, warn, info() {} } as unknown as typeof silentLogger,
    new EventLog(),
  );
  const now = [...counts];
  const back: { readonly at: number; readonly client: number }[] = [];
  const told: number[] = [];
  let order: string | undefined;
  let connects = 0;
  let ordersWhileBusy = 0;
  for (let second = 0; second < seconds; second++) {
    while ((back[0]?.at ?? Number.POSITIVE_INFINITY) <= second) {
      const { client } = back.shift() as { client: number };
      const gateway = policy(now, client, connects++);
      now[gateway] = (now[gateway] as number) + 1;
    }
    balance.look({
      ...{ enabled: enabled(second), calm: calm(second), known: known(second), perSecond, now: second * 1000 },
      gateways: now.map((connections, n) => ({ id: `g${n}`, connections })),
    });
    const [first] = balance.surplus;
    if (first !== undefined && !(enabled(second) && calm(second))) ordersWhileBusy++;
    if (first === undefined || first.order === order) continue;
    order = first.order;
    for (const { gateway, connections } of balance.surplus) {
      const n = Number(gateway.slice(1));
      now[n] = (now[n] as number) - connections;
      for (let client = 0; client < connections; client++) back.push({ at: second + 3, client });
      told.push(connections);
    }
  }
  return { counts: now, told, warn, ordersWhileBusy, total: told.reduce((sum, count) => sum + count, 0) };
}

describe('uneven gateways', () => {
  test.each([
    ['that counts connections', leastConnections, 500, 1],
    ['that takes turns', inTurn, 1000, 6],
    ['that chooses at random', atRandom, 1000, 7],
  ] as const)(
    'behind a load balancer %s become even, and then nobody is told any more',
    (_name, policy, most, rounds) => {
      const input = { counts: [1000, 0], policy };
      const { counts, told, total, warn } = simulate({ ...input, seconds: 200 });
      expect(Math.max(...counts)).toBeLessThanOrEqual(550);
      expect(total).toBeLessThanOrEqual(most);
      expect(told.length).toBeLessThanOrEqual(rounds);
      expect(warn).not.toHaveBeenCalled();
      seed = 7;
      const { total: later } = simulate({ ...input, seconds: 3000 });
      expect(later - total).toBeLessThanOrEqual(50);
    },
  );

  test('stay as they are behind one that goes by the client: after two rounds this is said, once, and no more are tried', () => {
    const { counts, total, told, warn } = simulate({ counts: [400, 0], policy: byAddress, seconds: 3000 });
    expect(counts).toEqual([400, 0]);
    expect([told.length, total]).toEqual([2, 400]);
    expect(warn).toHaveBeenCalledTimes(1);
    expect(warn.mock.calls[0]?.[0]).toMatchObject({ event: 'gateways-stay-uneven', gateways: ['g0'] });
  });

  test('behind one that is uneven on purpose are not fought: in an hour at most all connections are told once', () => {
    const { total } = simulate({ counts: [1000, 0, 0], policy: weighted, seconds: 3600 });
    expect(total).toBeLessThanOrEqual(1000);
  });

  test('within a tenth of the mean, or a few connections, are even', () => {
    expect(simulate({ counts: [109, 91], policy: leastConnections, seconds: 100 }).total).toBe(0);
    expect(simulate({ counts: [7, 0], policy: leastConnections, seconds: 100 }).total).toBe(0);
    expect(simulate({ counts: [1000], policy: leastConnections, seconds: 100 }).total).toBe(0);
  });

  test('are left alone until they have been uneven for 10 s, while nodes change, and without the setting', () => {
    const input = { counts: [100, 0], policy: leastConnections, seconds: 100 };
    expect(simulate({ ...input, seconds: 10 }).total).toBe(0);
    expect(simulate({ ...input, calm: (second) => second % 9 > 0 }).total).toBe(0);
    expect(simulate({ ...input, enabled: () => false }).total).toBe(0);
    expect(simulate({ ...input, calm: (second) => second < 12 }).ordersWhileBusy).toBe(0);
  });

  test('are not judged while a gateway is silent, and at once when it is back', () => {
    const input = { counts: [100, 0], policy: leastConnections };
    expect(simulate({ ...input, seconds: 60, known: () => false }).total).toBe(0);
    expect(simulate({ ...input, seconds: 13, known: (second) => second < 2 || second > 11 }).total).toBe(50);
  });

  test('are told at the pace, in rounds of at most 30 s', () => {
    const { told } = simulate({ counts: [1000, 0], policy: leastConnections, seconds: 12, perSecond: 10 });
    expect(told).toEqual([300]);
  });
});
