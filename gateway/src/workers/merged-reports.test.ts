import { encodeSlotChanges, encodeSlotCounts, type Report, type ReportChange } from '@wscluster/ring';
import { describe, expect, it } from 'vitest';
import { revision } from '../testing/rings.ts';
import { MergedReports } from './merged-reports.ts';

const report = (slots: readonly [slot: number, count: number][], fields: Partial<Report> = {}): Report => ({
  ...{ wire: 1, type: 'report', cluster: 'chat', gateway: 'g', address: 'g:7000', applied: revision(1), moved: 0 },
  connections: encodeSlotCounts(new Map(slots)),
  connectionsByNode: {},
  ...fields,
});

describe('merged reports', () => {
  it('add up what the workers have, and forget what a worker that is gone had, but not its moves', () => {
    const merged = new MergedReports();
    merged.take(1, report([[3, 2]], { connectionsByNode: { a: 2 }, moved: 5, migrated: 2 }));
    merged.take(
      2,
      report(
        [
          [3, 1],
          [9, 4],
        ],
        {
          ...{ connectionsByNode: { a: 1, b: 4 }, pinnedByNode: { b: 1 }, portableByNode: { b: 3 } },
          ...{ eventStreamsByNode: { a: 1 }, moved: 7, migrated: 7 },
        },
      ),
    );
    expect([merged.counts.countsBySlot[3], merged.counts.countsBySlot[9]]).toEqual([3, 4]);
    expect([...merged.counts.countsByNode]).toEqual([
      ['a', 3],
      ['b', 4],
    ]);
    expect([...merged.counts.pinnedByNode]).toEqual([['b', 1]]);
    expect([...merged.counts.portableByNode]).toEqual([['b', 3]]);
    expect([...merged.counts.eventStreamsByNode]).toEqual([['a', 1]]);
    expect([merged.moved, merged.migrated]).toEqual([12, 9]);

    merged.drop(2);
    expect([merged.counts.countsBySlot[3], merged.counts.countsBySlot[9]]).toEqual([2, 0]);
    expect([merged.moved, merged.migrated]).toEqual([12, 9]);
  });

  it('follow the changes that a worker reports, and know of which worker a report was missed', () => {
    const merged = new MergedReports();
    const id = (number: number) => ({ run: 'r', number });
    const change = (number: number, slots: readonly [slot: number, count: number][]): ReportChange => {
      const { wire, cluster, gateway, address, applied, moved } = report([]);
      const connections = encodeSlotChanges(slots);
      return { wire, cluster, gateway, address, applied, moved, type: 'report-change', id: id(number), connections };
    };
    merged.take(1, report([[3, 2]], { id: id(1) }));
    merged.take(2, report([[3, 5]], { id: id(1) }));
    merged.take(1, change(2, [[3, 0]]));
    expect(merged.counts.countsBySlot[3]).toBe(5);
    merged.take(1, change(4, [[3, 7]]));
    expect(merged.counts.countsBySlot[3]).toBe(5);
    expect([1, 2].map((worker) => merged.isAwaited(worker))).toEqual([true, false]);
    merged.take(1, report([[3, 7]], { id: id(5) }));
    expect(merged.counts.countsBySlot[3]).toBe(12);
  });

  it('add up what the workers have relayed, as far as it is asked for', () => {
    const merged = new MergedReports();
    const load = (measure: 'messages' | 'bytes') => ({ measure, slots: encodeSlotChanges([[3, 2]]) });
    merged.take(1, report([], { load: load('bytes') }));
    merged.load.count('bytes');
    merged.take(1, report([], { load: load('bytes') }));
    merged.take(2, report([], { load: load('bytes') }));
    merged.take(2, report([], { load: load('messages') }));
    merged.take(2, report([]));
    expect(merged.load.tell()).toEqual([[3, 4]]);
  });

  it('have applied what the slowest worker has', () => {
    const merged = new MergedReports();
    merged.take(1, report([], { applied: revision(2) }));
    expect(merged.appliedBy([1, 2])).toBeUndefined();
    merged.take(2, report([], { applied: revision(1) }));
    expect(merged.appliedBy([1, 2])).toEqual(revision(1));
    expect(merged.appliedBy([1])).toEqual(revision(2));
  });

  it('name the ten hottest keys of all', () => {
    const merged = new MergedReports();
    const keys = Array.from({ length: 10 }, (_, n) => ({ key: `k${n}`, connections: 20 - n }));
    merged.take(1, report([], { hotKeys: keys }));
    merged.take(
      2,
      report([], {
        hotKeys: [
          { key: 'k9', connections: 30 },
          { key: 'other', connections: 2 },
        ],
      }),
    );
    expect(merged.hotKeys[0]).toEqual({ key: 'k9', connections: 41 });
    expect(merged.hotKeys).toHaveLength(10);
  });
});
