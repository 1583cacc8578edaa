import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SLOTS } from '../ring.ts';
import type { AnyReport } from '../wire/messages.ts';
import { BY_NODE, type ByNode, type ConnectionCounts, RunningCounts } from './connection-counts.ts';
import { ReportedCounts } from './reported-counts.ts';
import { ToldCounts } from './told-counts.ts';

/** Slots that have connections. */
const USED = [0, 1, 300, SLOTS - 1];

/** A gateway's process and what it has reported: with each report goes what was true then. */
class Sender {
  readonly name: string;
  readonly truth = new RunningCounts();
  readonly #told = new ToldCounts();
  readonly #run: string;
  #number = 0;
  #wholeIsDue = true;

  constructor(name: string, run: string) {
    this.name = name;
    this.#run = run;
  }

  connect(slot: number, node: string, by: number): void {
    const isPinned = slot === SLOTS;
    if (!isPinned) this.truth.addToSlot(slot, by);
    this.truth.addToNode('countsByNode', node, by);
    if (isPinned) this.truth.addToNode('pinnedByNode', node, by);
    // Any way to choose some of them will do.
    if (slot % 2 === 0) this.truth.addToNode('portableByNode', node, by);
    if (slot % 3 === 0) this.truth.addToNode('eventStreamsByNode', node, by);
  }

  ask(): void {
    this.#wholeIsDue = true;
  }

  report(): Sent {
    const said = {
      ...({ wire: 1, cluster: 'chat', address: 'g:1', applied: { epoch: 1, version: 1 }, moved: 0 } as const),
      gateway: this.name,
      id: { run: this.#run, number: ++this.#number },
    };
    const report: AnyReport = this.#wholeIsDue
      ? { ...said, type: 'report', ...this.#told.whole(this.truth) }
      : { ...said, type: 'report-change', ...this.#told.change(this.truth) };
    this.#wholeIsDue = false;
    return { report: JSON.parse(JSON.stringify(report)) as AnyReport, counts: read(this.truth) };
  }
}

interface Sent {
  readonly report: AnyReport;
  /** What was true when it was sent. */
  readonly counts: Read;
}

interface Read {
  readonly bySlot: readonly number[];
  readonly byNode: Readonly<Record<ByNode, ReadonlyMap<string, number>>>;
}

/** A copy, as far as the tests use slots. */
function read({ countsBySlot, ...byNode }: ConnectionCounts): Read {
  const bySlot = USED.map((slot) => countsBySlot[slot] ?? 0);
  const copies = BY_NODE.map((which) => [which, new Map(byNode[which])]);
  return { bySlot, byNode: Object.fromEntries(copies) as Read['byNode'] };
}

function expectSame(found: Read, wanted: Read): void {
  expect(found).toEqual(wanted);
}

function sumOf(all: Iterable<ConnectionCounts>): Read {
  const sum = new RunningCounts();
  for (const counts of all) {
    for (const slot of USED) sum.addToSlot(slot, counts.countsBySlot[slot] as number);
    for (const which of BY_NODE) for (const [node, count] of counts[which]) sum.addToNode(which, node, count);
  }
  return read(sum);
}

const NAMES = ['g1', 'g2'];
const gateway = fc.constantFrom(...NAMES);
/** SLOTS: a connection that belongs to its node. */
const slot = fc.constantFrom(...USED, SLOTS);
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('connect'), gateway, slot, node: fc.constantFrom('a', 'b') }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('disconnect'), gateway, at: fc.nat(20) }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('report'), gateway }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('deliver') }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('lose', 'double', 'delay'), at: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('restart', 'ask', 'forget'), gateway }) },
);
type Step = { do: string; gateway?: string; slot?: number; node?: string; at?: number };

/** Gateways, the way to the controller, and what the controller has. */
class World {
  readonly senders = new Map<string, Sender>();
  readonly sums = new RunningCounts();
  readonly reported = new Map<string, ReportedCounts>();
  readonly #open = new Map<string, [slot: number, node: string][]>();
  #way: Sent[] = [];
  #runs = 0;

  constructor() {
    for (const name of NAMES) this.restart(name);
  }

  take({ do: what, gateway: name = '', slot: at = 0, node = '', at: index = 0 }: Step): void {
    const sender = this.senders.get(name);
    const open = this.#open.get(name) ?? [];
    if (what === 'connect') {
      open.push([at, node]);
      sender?.connect(at, node, 1);
    } else if (what === 'disconnect') {
      const [gone] = open.splice(index % Math.max(1, open.length), 1);
      if (gone !== undefined) sender?.connect(...gone, -1);
    } else if (what === 'report' && sender !== undefined) this.#way.push(sender.report());
    else if (what === 'deliver') this.deliver();
    else if (what === 'lose') this.#way.splice(index, 1);
    else if (what === 'double') this.#way.push(...this.#way.slice(index, index + 1));
    else if (what === 'delay') this.#way.push(...this.#way.splice(index, 1));
    else if (what === 'restart') this.restart(name);
    else if (what === 'ask') this.ask(name);
    else this.forget(name);
  }

  /** The controller asks for what it lacks. */
  ask(name: string): void {
    if (this.reported.get(name)?.awaited === true) this.senders.get(name)?.ask();
  }

  /** Another leader, or a gateway that was silent. */
  forget(name: string): void {
    this.reported.get(name)?.drop();
    this.reported.delete(name);
  }

  restart(name: string): void {
    this.senders.set(name, new Sender(name, `run-${this.#runs++}`));
    this.#open.set(name, []);
  }

  deliver(): void {
    const sent = this.#way.shift();
    if (sent === undefined) return;
    const { report, counts } = sent;
    const reported = this.reported.get(report.gateway) ?? new ReportedCounts(this.sums);
    this.reported.set(report.gateway, reported);
    if (reported.take(report) === 'taken') expectSame(read(reported.counts), counts);
    expectSame(read(this.sums), sumOf([...this.reported.values()].map(({ counts }) => counts)));
  }

  /** Nothing is lost any more: each gateway reports, is asked if need be, and reports again. */
  settle(): void {
    while (this.#way.length > 0) this.deliver();
    for (let round = 0; round < 2; round++)
      for (const [name, sender] of this.senders) {
        this.#way.push(sender.report());
        this.deliver();
        this.ask(name);
      }
  }
}

describe('connections told by what has changed', () => {
  test('are counted as they were when reported, whatever is lost, late, doubled or forgotten, and right in the end', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const world = new World();
        for (const one of steps) world.take(one);
        world.settle();
        expectSame(read(world.sums), sumOf([...world.senders.values()].map(({ truth }) => truth)));
        const used = USED.filter((one) => (world.sums.countsBySlot[one] ?? 0) > 0);
        expect(world.sums.countsBySlot.filter((count) => count > 0)).toHaveLength(used.length);
      }),
      { numRuns: 60 },
    );
  });

  test('are copied only when they have changed', () => {
    const counts = new RunningCounts();
    counts.addToSlot(3, 2);
    const copy = counts.copy;
    expect(counts.copy).toBe(copy);
    counts.addToNode('countsByNode', 'a', 2);
    expect(copy.countsByNode.get('a')).toBeUndefined();
    expect(read(counts.copy)).toEqual(read(counts));
    counts.addToSlot(0, 1);
    expect(copy.countsBySlot[0]).toBe(0);
    expect(read(counts.copy)).toEqual(read(counts));
  });

  test('say nothing that has not changed', () => {
    const sender = new Sender('g1', 'run');
    sender.connect(3, 'a', 2);
    sender.connect(9, 'b', 1);
    sender.report();
    const { report: same } = sender.report();
    expect([same.connections, same.connectionsByNode, same.pinnedByNode]).toEqual([undefined, undefined, undefined]);
    sender.connect(9, 'b', -1);
    const { report } = sender.report();
    expect(report).toMatchObject({ type: 'report-change', connectionsByNode: { b: 0 } });
    expect(report.connections).toBe(Buffer.from([9, 0]).toString('base64'));
  });

  test('that cannot be read change nothing, and a whole report is needed', () => {
    const sums = new RunningCounts();
    const reported = new ReportedCounts(sums);
    const sender = new Sender('g1', 'run');
    sender.connect(3, 'a', 2);
    expect(reported.take(sender.report().report)).toBe('taken');
    sender.connect(3, 'a', 1);
    expect(reported.take({ ...sender.report().report, connections: '!' })).toBe('damaged');
    expect([sums.countsBySlot[3], sums.countsByNode.get('a'), reported.awaited]).toEqual([2, 2, true]);
    expect(reported.take(sender.report().report)).toBe('unknown');
    sender.ask();
    expect(reported.take(sender.report().report)).toBe('taken');
    expect([sums.countsBySlot[3], reported.awaited]).toEqual([3, false]);
  });
});
