import { SLOTS } from '../ring.ts';
import type { AnyReport, Report, ReportChange } from '../wire/messages.ts';
import { decodeSlotChanges, decodeSlotCounts } from '../wire/slot-counts.ts';
import { BY_NODE, type ByNode, type ConnectionCounts, REPORTED_AS, RunningCounts } from './connection-counts.ts';

/**
 * `taken`: the counts are as the report says. `unknown`: it is a change of a report that was not received, so a whole
 * one is needed; the counts stay. `late`: a newer report is here already, so nothing of this one counts. `damaged`: its
 * counts cannot be read, so a whole report is needed.
 */
export type Taken = 'taken' | 'unknown' | 'late' | 'damaged';

/**
 * The receiver's end of ToldCounts: the connections of one gateway or worker as it has told them, and as a part of sums
 * over several. A change counts only if the report right before it has counted, so what is lost, late or doubled on the
 * way never becomes a wrong sum for good: the next report shows it, and a whole one heals it.
 *
 * | report             | the next one of its process | number has passed | else    |
 * |--------------------|-----------------------------|-------------------|---------|
 * | change             | taken                       | late              | unknown |
 * | whole              | taken                       | late              | taken   |
 */
export class ReportedCounts {
  readonly #own = new RunningCounts();
  readonly #sums: RunningCounts;
  #run: string | undefined;
  #number = 0;
  #awaited = true;
  #countsKnown = false;

  /** Its counts are part of `sums` until it is dropped. */
  constructor(sums: RunningCounts) {
    this.#sums = sums;
  }

  /** As last told. */
  get counts(): ConnectionCounts & Pick<RunningCounts, 'connections' | 'eventStreams'> {
    return this.#own;
  }

  /** A whole report is needed. */
  get awaited(): boolean {
    return this.#awaited;
  }

  /** Its connections by slot have been told, though maybe not the last changes of them. */
  get countsKnown(): boolean {
    return this.#countsKnown;
  }

  take(report: AnyReport): Taken {
    const { run, number = 0 } = report.id ?? {};
    const isSameRun = run !== undefined && run === this.#run;
    if (isSameRun && number <= this.#number) return 'late';
    const isNext = isSameRun && !this.#awaited && number === this.#number + 1;
    this.#run = run;
    this.#number = number;
    this.#awaited = true;
    if (report.type === 'report-change' && !isNext) return 'unknown';
    try {
      if (report.type === 'report') this.#replace(report);
      else this.#change(report);
    } catch {
      return 'damaged';
    }
    this.#awaited = false;
    return 'taken';
  }

  /** Takes its counts out of the sums. */
  drop(): void {
    this.#replaceSlots(new Uint32Array(SLOTS));
    for (const which of BY_NODE) this.#replaceNodes(which, {});
  }

  #replace(report: Report): void {
    const { connections } = report;
    // A gateway that sends no changes leaves them out if they are those of its last report.
    if (connections !== undefined) {
      this.#replaceSlots(decodeSlotCounts(connections));
      this.#countsKnown = true;
    }
    for (const which of BY_NODE) this.#replaceNodes(which, report[REPORTED_AS[which]] ?? {});
  }

  #change(report: ReportChange): void {
    for (const [slot, count] of decodeSlotChanges(report.connections ?? '')) this.#setSlot(slot, count);
    for (const which of BY_NODE) this.#setNodes(which, report[REPORTED_AS[which]] ?? {});
  }

  #replaceSlots(next: Readonly<Uint32Array>): void {
    for (let slot = 0; slot < SLOTS; slot++) this.#setSlot(slot, next[slot] as number);
  }

  #replaceNodes(which: ByNode, next: Readonly<Record<string, number>>): void {
    for (const node of [...this.#own[which].keys()]) if (!Object.hasOwn(next, node)) this.#setNode(which, node, 0);
    this.#setNodes(which, next);
  }

  #setNodes(which: ByNode, next: Readonly<Record<string, number>>): void {
    for (const [node, count] of Object.entries(next)) this.#setNode(which, node, count);
  }

  #setSlot(slot: number, count: number): void {
    const by = count - (this.#own.countsBySlot[slot] as number);
    if (by === 0) return;
    this.#own.addToSlot(slot, by);
    this.#sums.addToSlot(slot, by);
  }

  #setNode(which: ByNode, node: string, count: number): void {
    const by = count - (this.#own[which].get(node) ?? 0);
    if (by === 0) return;
    this.#own.addToNode(which, node, by);
    this.#sums.addToNode(which, node, by);
  }
}
