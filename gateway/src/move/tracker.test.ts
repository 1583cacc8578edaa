import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PINNED, type Tracked, Tracker } from './tracker.ts';

const NODES = ['a', 'b', 'c'] as const;
const SOME_SLOTS = [0, 1, 31, 32, 65_535, PINNED];

describe('a tracker', () => {
  it('holds after any additions, removals and changes of node exactly what is left', () => {
    const action = fc.record({
      kind: fc.constantFrom('add', 'add', 'remove', 'node', 'portable'),
      slot: fc.constantFrom(...SOME_SLOTS),
      node: fc.constantFrom(...NODES),
      of: fc.constantFrom('websocket', 'eventStream'),
      pick: fc.nat(),
    });
    fc.assert(
      fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
        const tracker = new Tracker();
        const held: { -readonly [name in keyof Tracked]: Tracked[name] }[] = [];
        for (const { kind, slot, node, of, pick } of actions) {
          const chosen = held[pick % Math.max(held.length, 1)];
          if (kind === 'add') {
            const entry = { kind: of, slot, nodeId: node, portable: false, next: undefined, previous: undefined };
            held.push(entry);
            tracker.add(entry);
          } else if (chosen !== undefined && kind === 'remove') {
            held.splice(held.indexOf(chosen), 1);
            tracker.remove(chosen);
          } else if (chosen !== undefined && kind === 'node') tracker.setNode(chosen, node);
          else if (chosen?.portable === false) {
            chosen.portable = true;
            tracker.nowPortable(chosen);
          }
        }
        expect(tracker.size).toBe(held.length);
        const all = tracker.all();
        expect(new Set(all)).toEqual(new Set(held));
        expect(all.map(({ slot }) => slot)).toEqual(held.map(({ slot }) => slot).sort((a, b) => a - b));
        const visited: number[] = [];
        tracker.visitSlots((slot, first) => {
          expect(first).toBe(tracker.first(slot));
          visited.push(slot);
        });
        expect(visited).toEqual(SOME_SLOTS.filter((slot) => slot !== PINNED && all.some((one) => one.slot === slot)));
        for (const slot of SOME_SLOTS.slice(0, -1))
          expect(tracker.countsBySlot[slot]).toBe(held.filter((entry) => entry.slot === slot).length);
        const byNode = (these: readonly Tracked[]) => {
          const counts = NODES.map((id) => [id, these.filter(({ nodeId }) => nodeId === id).length] as const);
          return new Map(counts.filter(([, count]) => count > 0));
        };
        const pinned = held.filter((entry) => entry.slot === PINNED);
        expect(new Map(tracker.countsByNode)).toEqual(byNode(held));
        expect(new Map(tracker.pinnedByNode)).toEqual(byNode(pinned));
        const portable = held.filter((entry) => entry.portable && entry.slot !== PINNED);
        expect(new Map(tracker.portableByNode)).toEqual(byNode(portable));
        const eventStreams = held.filter((entry) => entry.kind === 'eventStream');
        expect(new Map(tracker.eventStreamsByNode)).toEqual(byNode(eventStreams));
      }),
    );
  });
});
