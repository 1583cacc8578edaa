import { createRing, encodeSlotCounts, type Report, SLOTS, WIRE_MAJOR } from '@wscluster/ring';
import { describe, expect, test } from 'vitest';
import { GATEWAY_DEAD_MS, GatewayFleet } from './gateways.ts';

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

describe('the fleet of gateways', () => {
  test('adds up connections by slot and by node; a report without counts keeps the last ones', () => {
    const fleet = new GatewayFleet();
    const slots = (entries: [number, number][]) => encodeSlotCounts(new Map(entries));
    fleet.report(report('g1', 1, { connections: slots([[3, 2]]), connectionsByNode: { a: 2 } }), 0);
    fleet.report(
      report('g2', 1, {
        connections: slots([
          [3, 1],
          [9, 4],
        ]),
        connectionsByNode: { a: 1, b: 4 },
      }),
      0,
    );
    fleet.report(report('g1', 1, { connectionsByNode: { a: 2 } }), 1);
    expect([3, 9, 10].map((slot) => fleet.connectionsBySlot()[slot])).toEqual([3, 4, 0]);
    expect(fleet.connectionsByNode()).toEqual(
      new Map([
        ['a', 3],
        ['b', 4],
      ]),
    );
  });

  test('knows whether every gateway that has connections has told on which slots', () => {
    const fleet = new GatewayFleet();
    expect(fleet.counted).toBe(true);
    fleet.report(report('g1', 1), 0);
    expect(fleet.counted).toBe(true);
    fleet.report(report('g1', 1, { connectionsByNode: { a: 2 } }), 1);
    expect(fleet.counted).toBe(false);
    fleet.report(report('g1', 1, { connections: encodeSlotCounts(new Map([[3, 2]])), connectionsByNode: { a: 2 } }), 2);
    fleet.report(report('g1', 1, { connectionsByNode: { a: 2 } }), 3);
    expect(fleet.counted).toBe(true);
  });

  test('adds up hot keys over the gateways, most connections first; a gateway that is gone counts no more', () => {
    const fleet = new GatewayFleet();
    fleet.report(
      report('g1', 1, {
        hotKeys: [
          { key: 'ada', connections: 4 },
          { key: 'bob', connections: 3 },
        ],
      }),
      0,
    );
    fleet.report(report('g2', 1, { hotKeys: [{ key: 'bob', connections: 2 }] }), 0);
    expect(fleet.hotKeys()).toEqual([
      { key: 'bob', connections: 5 },
      { key: 'ada', connections: 4 },
    ]);
    fleet.leave('g1');
    expect(fleet.hotKeys()).toEqual([{ key: 'bob', connections: 2 }]);
    fleet.report(report('g2', 1), 1);
    expect(fleet.hotKeys()).toEqual([]);
  });

  test('says how many connections have to move: those of the slots that changed, and what is left over from before', () => {
    const fleet = new GatewayFleet();
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
    fleet.report(report('g1', 1, { connections, connectionsByNode: { a: 2, b: 5 } }), 0);
    expect(fleet.toMove(new Set([3, 4]), ring, true)).toBe(2);
    expect(fleet.toMove(new Set(), ring, true)).toBe(0);
    fleet.report(report('g1', 1, { connectionsByNode: { a: 6, b: 1 } }), 0);
    expect(fleet.toMove(new Set([3]), ring, true)).toBe(4);
    expect(fleet.toMove(new Set([3]), ring, false)).toBe(2);
  });

  test('damaged counts are said, and the rest of the report counts', () => {
    const fleet = new GatewayFleet();
    expect(fleet.report(report('g1', 5, { connections: '!' }), 0)).toBe(false);
    expect(fleet.allApplied({ epoch: 1, version: 5 })).toBe(true);
  });

  test('a ring is applied when all live gateways have it; with none it is', () => {
    const fleet = new GatewayFleet();
    expect(fleet.allApplied({ epoch: 9, version: 9 })).toBe(true);
    fleet.report(report('g1', 2), 0);
    fleet.report(report('g2', 1), 0);
    expect(fleet.allApplied({ epoch: 1, version: 2 })).toBe(false);
    fleet.leave('g2');
    expect(fleet.allApplied({ epoch: 1, version: 2 })).toBe(true);
  });

  test('a silent gateway is forgotten, and nobody waits for it', () => {
    const fleet = new GatewayFleet();
    fleet.report(report('g1', 2), 1000);
    fleet.report(report('g2', 1), 0);
    expect(fleet.prune(GATEWAY_DEAD_MS)).toEqual(['g2']);
    expect(fleet.all.map(({ id }) => id)).toEqual(['g1']);
    expect(fleet.allApplied({ epoch: 1, version: 2 })).toBe(true);
  });

  test('knows the highest revision, epochs first', () => {
    const fleet = new GatewayFleet();
    expect(fleet.highestApplied()).toBeUndefined();
    fleet.report(report('g1', 99), 0);
    fleet.report(report('g2', 1, { applied: { epoch: 2, version: 1 } }), 0);
    expect(fleet.highestApplied()).toEqual({ epoch: 2, version: 1 });
  });
});
