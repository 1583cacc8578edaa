import { encodeSlotChanges, type SlotCount } from '@wscluster/ring';
import { describe, expect, test } from 'vitest';
import { LoadMeter } from './load-meter.ts';

const query = { measure: 'messages', halfLifeMs: 10_000 } as const;
const said = (...slots: SlotCount[]) => ({ measure: 'messages' as const, slots: encodeSlotChanges(slots) });

/** Reports of one gateway each second. */
function report(meter: LoadMeter, from: number, to: number, ...slots: SlotCount[]): void {
  for (let now = from; now < to; now += 1_000) meter.take('g1', said(...slots), now);
}

describe('a load meter', () => {
  test('asks for nothing and knows nothing until it is asked', () => {
    const meter = new LoadMeter();
    meter.take('g1', said([1, 5]), 0);
    expect([meter.measure, meter.at(60_000)]).toEqual([undefined, undefined]);
  });

  test('knows the load after a half-life in which all gateways have told it', () => {
    const meter = new LoadMeter();
    meter.ask(query, 0);
    report(meter, 0, 10_000, [1, 30], [2, 10]);
    expect(meter.at(9_999)).toBeUndefined();
    const load = meter.at(10_000);
    expect((load?.bySlot[1] ?? 0) / (load?.bySlot[2] ?? 1)).toBeCloseTo(3);
    expect(load?.whole).toBeCloseTo((load?.bySlot[1] ?? 0) + (load?.bySlot[2] ?? 0));
  });

  test('counts what was reported half after a half-life, also after many of them', () => {
    const meter = new LoadMeter();
    meter.ask(query, 0);
    meter.take('g1', said([1, 64]), 0);
    for (let now = 0; now <= 10_000_000; now += 1_000) meter.take('g1', said(), now);
    meter.take('g1', said([2, 64]), 10_000_000);
    expect(meter.at(10_000_000)?.bySlot[2]).toBe(64);
    meter.take('g1', said([3, 64]), 10_010_000);
    const load = meter.at(10_010_000);
    expect([load?.bySlot[1], load?.bySlot[2], load?.bySlot[3]]).toEqual([0, 32, 64].map((n) => expect.closeTo(n, 6)));
  });

  test('does not know it while a gateway does not tell: one of an earlier version', () => {
    const meter = new LoadMeter();
    meter.ask(query, 0);
    report(meter, 0, 20_000, [1, 30]);
    expect(meter.at(20_000)).toBeDefined();
    meter.take('old', undefined, 20_000);
    report(meter, 20_000, 26_000, [1, 30]);
    meter.take('old', undefined, 26_000);
    expect(meter.at(26_000)).toBeUndefined();
    meter.leave('old');
    report(meter, 26_000, 36_000, [1, 30]);
    expect(meter.at(36_000)).toBeDefined();
  });

  test('goes on while a gateway joins that has not been asked yet', () => {
    const meter = new LoadMeter();
    meter.ask(query, 0);
    report(meter, 0, 20_000, [1, 30]);
    meter.take('new', undefined, 20_000);
    meter.take('new', said([1, 1]), 21_000);
    report(meter, 20_000, 25_000, [1, 30]);
    expect(meter.at(25_000)).toBeDefined();
  });

  test('begins anew with another measure, and takes nothing of the former one', () => {
    const meter = new LoadMeter();
    meter.ask(query, 0);
    report(meter, 0, 20_000, [1, 30]);
    meter.ask({ ...query, measure: 'bytes' }, 20_000);
    report(meter, 20_000, 21_000, [1, 30]);
    for (let now = 21_000; now < 31_000; now += 1_000)
      meter.take('g1', { measure: 'bytes', slots: said([2, 9]).slots }, now);
    const load = meter.at(31_000);
    expect([load?.bySlot[1], (load?.bySlot[2] ?? 0) > 0]).toEqual([0, true]);
  });

  test('takes unreadable slots for none', () => {
    const meter = new LoadMeter();
    meter.ask(query, 0);
    meter.take('g1', { measure: 'messages', slots: '!' }, 0);
    expect(meter.at(11_000)).toBeUndefined();
  });
});
