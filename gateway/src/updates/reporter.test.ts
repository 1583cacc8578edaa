import { encodeSlotChanges, RunningCounts, type Uplink } from '@wscluster/ring';
import { silentLogger } from '@wscluster/service';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SlotLoad } from '../relay/slot-load.ts';
import { FakeBus } from '../testing/gateway-under-test.ts';
import { CLUSTER, heartbeat, revision, ringOf } from '../testing/rings.ts';
import { Reporter } from './reporter.ts';

let bus: FakeBus;
let counts: RunningCounts;
let reporter: Reporter;
let load: SlotLoad;

beforeEach(() => {
  vi.useFakeTimers();
  bus = new FakeBus();
  counts = new RunningCounts();
  load = new SlotLoad();
  reporter = new Reporter({
    ...{ cluster: CLUSTER, gateway: 'g1', address: 'g1:7000', bus, counts, log: silentLogger },
    applied: () => revision(1),
    moved: () => 0,
    migrated: () => 0,
    hotKeys: () => [],
    hotSlots: () => [],
    load,
  });
  reporter.start();
});

afterEach(async () => {
  await reporter.leave();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const RING = ringOf(revision(1), [{ id: 'a', port: 1 }]);
const hear = (spreadMs = 20, wholeOf: string[] = [], asked?: 'messages' | 'bytes') =>
  reporter.onHeartbeat({ ...heartbeat(RING), reporting: { wholeOf, spreadMs, load: asked } });
/** What was sent since this was last asked. */
const sent = (): Uplink['type'][] => bus.sent.splice(0).map(({ type }) => type);

describe('a reporter', () => {
  it('tells all that there is, and then what has changed each second', async () => {
    hear();
    counts.addToNode('countsByNode', 'a', 1);
    await vi.advanceTimersByTimeAsync(1_000);
    counts.addToNode('countsByNode', 'a', -1);
    await vi.advanceTimersByTimeAsync(2_000);
    const nodes = bus.sent.map((message) => 'connectionsByNode' in message && message.connectionsByNode);
    expect(nodes).toEqual([{}, { a: 1 }, { a: 0 }, false]);
    expect(sent()).toEqual(['report', 'report-change', 'report-change', 'report-change']);
  });

  it('acknowledges within the time that the controller says', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0.9);
    sent();
    reporter.reportSoon();
    await vi.advanceTimersByTimeAsync(17);
    expect(sent()).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(sent()).toHaveLength(1);
    hear(200);
    reporter.reportSoon();
    reporter.reportSoon();
    await vi.advanceTimersByTimeAsync(179);
    expect(sent()).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(sent()).toHaveLength(1);
  });

  it('tells all again when a report may be lost: after a failure, without the bus, when asked', async () => {
    hear();
    sent();
    const { send } = bus;
    bus.send = () => Promise.reject(new Error('not confirmed'));
    await vi.advanceTimersByTimeAsync(1_000);
    bus.send = send;
    await vi.advanceTimersByTimeAsync(2_000);
    expect(sent()).toEqual(['report', 'report-change']);

    bus.connected = false;
    await vi.advanceTimersByTimeAsync(1_000);
    bus.connected = true;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(sent()).toEqual(['report']);

    hear(0, ['another']);
    hear(0, ['g1']);
    await vi.advanceTimersByTimeAsync(0);
    expect(sent()).toEqual(['report']);
  });

  it('tells the load of slots while it is asked, and nothing of a time without the bus', async () => {
    const loads = () => bus.sent.splice(0).map((message) => ('load' in message ? message.load : undefined));
    hear();
    loads();
    load.add(5, 3, 0);
    await vi.advanceTimersByTimeAsync(1_000);
    hear(20, [], 'messages');
    load.add(5, 4, 0);
    await vi.advanceTimersByTimeAsync(2_000);
    const told = (slots: [number, number][]) => ({ measure: 'messages', slots: encodeSlotChanges(slots) });
    expect(loads()).toEqual([undefined, told([[5, 4]]), told([])]);

    bus.connected = false;
    load.add(5, 100, 0);
    await vi.advanceTimersByTimeAsync(1_000);
    bus.connected = true;
    load.add(5, 1, 0);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(loads()).toEqual([told([[5, 1]])]);
  });

  it('tells all each time to a controller that does not say that it knows changes', async () => {
    sent();
    await vi.advanceTimersByTimeAsync(2_000);
    reporter.onHeartbeat(heartbeat(RING));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(sent()).toEqual(['report', 'report', 'report']);
  });
});
