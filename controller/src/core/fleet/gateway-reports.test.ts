import {
  createRing,
  encodeSlotChanges,
  encodeSlotCounts,
  type Report,
  type ReportChange,
  SLOTS,
  WIRE_MAJOR,
} from '@wscluster/ring';
import { describe, expect, test } from 'vitest';
import { GATEWAY_DEAD_MS, GATEWAY_RETURN_MS, GatewayReports } from './gateway-reports.ts';

const report = (gateway: string, version: number, more: Partial<Report> = {}): Report => ({
  wire: WIRE_MAJOR,
  type: 'report',
  cluster: 'chat',
  gateway,
  address: '127.0.0.1:7000',
  applied: { epoch: 1, version },
  connectionsByNode: {},
  moved: 0,
  ...more,
});

/** A report of what has changed since the one before. */
const change = (gateway: string, number: number, version: number, more: Partial<ReportChange> = {}): ReportChange => {
  const { wire, cluster, address, applied, moved } = report(gateway, version);
  return { wire, cluster, gateway, address, applied, moved, type: 'report-change', id: { run: 'r', number }, ...more };
};

/** The bus was never away. */
const ALWAYS = Number.NEGATIVE_INFINITY;

describe('the fleet of gateways', () => {
  test('adds up connections by slot and by node; a report without counts keeps the last ones', () => {
    const reports = new GatewayReports();
    const slots = (entries: [number, number][]) => encodeSlotCounts(new Map(entries));
    reports.report(report('g1', 1, { connections: slots([[3, 2]]), connectionsByNode: { a: 2 } }), 0);
    reports.report(
      report('g2', 1, {
        connections: slots([
          [3, 1],
          [9, 4],
        ]),
        connectionsByNode: { a: 1, b: 4 },
      }),
      0,
    );
    reports.report(report('g1', 1, { connectionsByNode: { a: 2 } }), 1);
    expect([3, 9, 10].map((slot) => reports.fleet.connectionsBySlot[slot])).toEqual([3, 4, 0]);
    expect(reports.fleet.connectionsByNode).toEqual(
      new Map([
        ['a', 3],
        ['b', 4],
      ]),
    );
  });

  test('does not take connections that belong to their node for left over by a change', () => {
    const reports = new GatewayReports();
    const members = ['a', 'b'].map((nodeId, ringId) => ({
      ...{ ringId, nodeId, address: `${nodeId}:80`, weight: 1, state: 'ready' as const },
    }));
    const ring = createRing({ epoch: 1, version: 2 }, members, new Uint16Array(SLOTS).fill(1));
    const connections = encodeSlotCounts(new Map([[3, 2]]));
    reports.report(report('g1', 1, { connections, connectionsByNode: { a: 3, b: 2 }, pinnedByNode: { a: 3 } }), 0);
    expect(reports.toMove(new Set(), ring, true)).toEqual({ all: 0, most: 0 });
    expect(Object.fromEntries(reports.fleet.connectionsByOwner(ring))).toEqual({ a: 3, b: 2 });
    reports.report(report('g1', 1, { connectionsByNode: { a: 4, b: 2 }, pinnedByNode: { a: 3 } }), 0);
    expect(reports.toMove(new Set(), ring, true)).toEqual({ all: 1, most: 1 });
  });

  test('knows whether every gateway that has connections has told on which slots', () => {
    const reports = new GatewayReports();
    expect(reports.fleet.countsKnown).toBe(true);
    reports.report(report('g1', 1), 0);
    expect(reports.fleet.countsKnown).toBe(true);
    reports.report(report('g1', 1, { connectionsByNode: { a: 2 } }), 1);
    expect(reports.fleet.countsKnown).toBe(false);
    reports.report(
      report('g1', 1, { connections: encodeSlotCounts(new Map([[3, 2]])), connectionsByNode: { a: 2 } }),
      2,
    );
    reports.report(report('g1', 1, { connectionsByNode: { a: 2 } }), 3);
    expect(reports.fleet.countsKnown).toBe(true);
  });

  test('follows changes, and asks for a whole report when one was missed; meanwhile the last counts stay', () => {
    const reports = new GatewayReports();
    const connections = encodeSlotCounts(new Map([[3, 2]]));
    const whole = (number: number) =>
      report('g1', 1, { id: { run: 'r', number }, connections, connectionsByNode: { a: 2 } });
    reports.report(whole(1), 0);
    reports.report(change('g1', 2, 2, { connections: encodeSlotChanges([[3, 5]]), connectionsByNode: { a: 5 } }), 1);
    const { fleet } = reports;
    expect([fleet.connectionsBySlot[3], fleet.connectionsByNode.get('a'), reports.awaited]).toEqual([5, 5, []]);

    expect(reports.report(change('g1', 4, 3, { connectionsByNode: { a: 9 }, moved: 7 }), 2)).toBe('unknown');
    expect(reports.awaited).toEqual(['g1']);
    expect(reports.fleet).toMatchObject({ countsKnown: true, moved: 7 });
    expect(reports.fleet.connectionsByNode.get('a')).toBe(5);
    expect(reports.allApplied({ epoch: 1, version: 3 })).toBe(true);

    reports.report(whole(5), 3);
    expect(reports.awaited).toEqual([]);
    expect(reports.fleet.connectionsByNode.get('a')).toBe(2);
    // Late: whatever it says is older than what is known.
    expect(reports.report(change('g1', 3, 1), 4)).toBe('late');
    expect(reports.statusOf('g1')).toMatchObject({ applied: { version: 1 }, lastSeen: 4, connections: 2 });
  });

  test('does not know the connections of a gateway of which it has heard changes alone, but its ring', () => {
    const reports = new GatewayReports();
    reports.report(change('g1', 8, 4), 0);
    expect(reports.fleet.countsKnown).toBe(false);
    expect(reports.fleet.highestApplied()).toEqual({ epoch: 1, version: 4 });
    expect(reports.awaited).toEqual(['g1']);
  });

  test('a gateway that is gone takes its connections with it', () => {
    const reports = new GatewayReports();
    const connections = encodeSlotCounts(new Map([[3, 2]]));
    for (const id of ['g1', 'g2']) reports.report(report(id, 1, { connections, connectionsByNode: { a: 2 } }), 0);
    reports.leave('g1');
    expect(reports.fleet.connectionsBySlot[3]).toBe(2);
    expect(
      reports.toMove(new Set([3]), createRing({ epoch: 1, version: 1 }, [], new Uint16Array(SLOTS)), false).all,
    ).toBe(2);
    expect(reports.fleet.connectionsByNode).toEqual(new Map([['a', 2]]));
  });

  test('adds up hot keys over the gateways, most connections first; a gateway that is gone counts no more', () => {
    const reports = new GatewayReports();
    reports.report(
      report('g1', 1, {
        hotKeys: [
          { key: 'ada', connections: 4 },
          { key: 'bob', connections: 3 },
        ],
      }),
      0,
    );
    reports.report(report('g2', 1, { hotKeys: [{ key: 'bob', connections: 2 }] }), 0);
    expect(reports.fleet.hotKeys()).toEqual([
      { key: 'bob', connections: 5 },
      { key: 'ada', connections: 4 },
    ]);
    reports.leave('g1');
    expect(reports.fleet.hotKeys()).toEqual([{ key: 'bob', connections: 2 }]);
    reports.report(report('g2', 1), 1);
    expect(reports.fleet.hotKeys()).toEqual([]);
  });

  test('says how many connections have to move: those of the slots that changed, and what is left over from before', () => {
    const reports = new GatewayReports();
    const members = ['a', 'b'].map((nodeId, ringId) => ({
      ringId,
      nodeId,
      address: 'x:1',
      weight: 1,
      state: 'ready' as const,
    }));
    const table = new Uint16Array(SLOTS).fill(1, 100);
    const ring = createRing({ epoch: 1, version: 1 }, members, table);
    const connections = encodeSlotCounts(
      new Map([
        [3, 2],
        [150, 4],
        [160, 1],
      ]),
    );
    reports.report(report('g1', 1, { connections, connectionsByNode: { a: 2, b: 5 } }), 0);
    expect(reports.toMove(new Set([3, 4]), ring, true)).toEqual({ all: 2, most: 2 });
    expect(reports.toMove(new Set(), ring, true)).toEqual({ all: 0, most: 0 });
    reports.report(report('g1', 1, { connectionsByNode: { a: 6, b: 1 } }), 0);
    expect(reports.toMove(new Set([3]), ring, true)).toEqual({ all: 4, most: 4 });
    expect(reports.toMove(new Set([3]), ring, false)).toEqual({ all: 2, most: 0 });
  });

  test('damaged counts are said, and the rest of the report counts', () => {
    const reports = new GatewayReports();
    expect(reports.report(report('g1', 5, { connections: '!' }), 0)).toBe('damaged');
    expect(reports.allApplied({ epoch: 1, version: 5 })).toBe(true);
  });

  test('a ring is applied when all live gateways have it; with none it is', () => {
    const reports = new GatewayReports();
    expect(reports.allApplied({ epoch: 9, version: 9 })).toBe(true);
    reports.report(report('g1', 2), 0);
    reports.report(report('g2', 1), 0);
    expect(reports.allApplied({ epoch: 1, version: 2 })).toBe(false);
    reports.leave('g2');
    expect(reports.allApplied({ epoch: 1, version: 2 })).toBe(true);
  });

  test('a silent gateway is forgotten, and nobody waits for it', () => {
    const reports = new GatewayReports();
    reports.report(report('g1', 2), 1000);
    reports.report(report('g2', 1), 0);
    expect(reports.prune(GATEWAY_DEAD_MS, ALWAYS)).toEqual(['g2']);
    expect(reports.fleet.gateways.map(({ id }) => id)).toEqual(['g1']);
    expect(reports.allApplied({ epoch: 1, version: 2 })).toBe(true);
  });

  test('while the bus is away nobody is given up, and the last counts stay; a bus that is back gives them time', () => {
    const reports = new GatewayReports();
    const connections = encodeSlotCounts(new Map([[3, 2]]));
    reports.report(report('g1', 1, { connections, connectionsByNode: { a: 2 } }), 0);
    reports.report(report('g2', 1), 0);
    expect(reports.hearing(100, 0)).toMatchObject({ deaf: false, uncertain: false, sharers: 2 });
    expect(reports.prune(60_000, undefined)).toEqual([]);
    expect(reports.fleet.connectionsBySlot[3]).toBe(2);
    expect(reports.allApplied({ epoch: 1, version: 2 })).toBe(false);
    expect(reports.hearing(60_000, undefined)).toEqual({ deaf: true, unknown: false, uncertain: true, sharers: 2 });

    reports.report(report('g1', 2), 61_000);
    expect(reports.hearing(61_000, 60_000)).toMatchObject({ deaf: false, uncertain: true });
    expect(reports.prune(60_000 + GATEWAY_RETURN_MS - 1, 60_000)).toEqual([]);
    reports.report(report('g1', 2), 60_000 + GATEWAY_RETURN_MS);
    expect(reports.prune(60_000 + GATEWAY_RETURN_MS, 60_000)).toEqual(['g2']);
  });

  test('silence of all of them says more about the bus than about them', () => {
    const reports = new GatewayReports();
    reports.report(report('g1', 1), 0);
    expect(reports.prune(GATEWAY_DEAD_MS, ALWAYS)).toEqual([]);
    expect(reports.hearing(GATEWAY_DEAD_MS, ALWAYS).deaf).toBe(true);
    expect(reports.prune(GATEWAY_RETURN_MS, ALWAYS)).toEqual(['g1']);
  });

  test('a gateway that was given up has a share of the pace for a minute; one that said goodbye has none', () => {
    const reports = new GatewayReports();
    for (const id of ['g1', 'g2', 'g3']) reports.report(report(id, 1), 0);
    reports.leave('g3');
    reports.report(report('g1', 1), GATEWAY_DEAD_MS);
    expect(reports.prune(GATEWAY_DEAD_MS, ALWAYS)).toEqual(['g2']);
    expect(reports.hearing(GATEWAY_DEAD_MS, ALWAYS)).toMatchObject({ uncertain: true, sharers: 2 });
    reports.report(report('g1', 1), GATEWAY_DEAD_MS + 60_000);
    reports.prune(GATEWAY_DEAD_MS + 60_000, ALWAYS);
    expect(reports.hearing(GATEWAY_DEAD_MS + 60_000, ALWAYS)).toMatchObject({ uncertain: false, sharers: 1 });
  });

  test('nobody heard is nobody there only after the bus has carried messages for a while', () => {
    const reports = new GatewayReports();
    expect(reports.hearing(5_000, undefined).unknown).toBe(true);
    expect(reports.hearing(5_000, 5_000 - GATEWAY_DEAD_MS + 1).unknown).toBe(true);
    expect(reports.hearing(5_000, 5_000 - GATEWAY_DEAD_MS).unknown).toBe(false);
  });

  test('what was read stays as it was, whatever is reported later', () => {
    const reports = new GatewayReports();
    reports.report(report('g1', 1, { connectionsByNode: { a: 2 } }), 0);
    const before = reports.fleet;
    reports.report(report('g1', 2, { connectionsByNode: { a: 5 } }), 1);
    reports.leave('g1');
    expect(before.gateways).toMatchObject([{ id: 'g1', applied: { version: 1 }, connections: 2 }]);
    expect(before.connectionsByNode).toEqual(new Map([['a', 2]]));
    expect(reports.fleet.gateways).toEqual([]);
  });

  test('knows the highest revision, epochs first', () => {
    const reports = new GatewayReports();
    expect(reports.fleet.highestApplied()).toBeUndefined();
    reports.report(report('g1', 99), 0);
    reports.report(report('g2', 1, { applied: { epoch: 2, version: 1 } }), 0);
    expect(reports.fleet.highestApplied()).toEqual({ epoch: 2, version: 1 });
  });
});
