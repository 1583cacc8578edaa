import {
  encodeSlotCounts,
  type HotKey,
  REVISION_ZERO,
  type Report,
  type Revision,
  type RingMessage,
  WIRE_MAJOR,
} from '@wscluster/ring';
import { type Logger, within } from '@wscluster/service';
import type { RingBusFollower } from '@wscluster/transport';
import type { Tracker } from '../move/tracker.ts';

/** The controller expects a report every second as a sign of life; after three missing ones it gives the gateway up. */
const REPORT_MS = 1_000;
/** After a longer silence (a stopped process) the controller may have forgotten the counts. */
const SILENCE_MS = 2_000;
/** Unchanged counts are repeated this often. */
const FULL_MS = 10_000;
/** An acknowledgement is sent within this time. */
const ACKNOWLEDGE_MS = 20;
/** Milliseconds in which the last message must be sent. */
const LEAVE_MS = 500;

/** Live client connections, as a Tracker counts them. */
export type ReportedCounts = Pick<Tracker, 'changes' | 'countsBySlot' | 'countsByNode' | 'pinnedByNode'>;

export interface ReporterContext {
  readonly cluster: string;
  readonly gateway: string;
  /** Where clients reach this gateway. */
  readonly address: string;
  readonly bus: Pick<RingBusFollower, 'send' | 'connected'>;
  readonly counts: ReportedCounts;
  readonly log: Logger;
  /** The revision in use; undefined: none. */
  applied(): Revision | undefined;
  moved(): number;
  hotKeys(): readonly HotKey[];
}

/** Reports to the controller, every second and on request, which ring is in use and who is connected. */
export class Reporter {
  readonly #context: ReporterContext;
  #timer: NodeJS.Timeout | undefined;
  #soon: NodeJS.Timeout | undefined;
  /** Version of the counts that were sent over this connection to the bus; a new connection needs them again. */
  #sent: number | undefined;
  /** Times of the last report, and of the last one with counts; monotonic ms. */
  #reportedAt = 0;
  #fullAt = 0;
  /** Epoch of the ring in use when counts were last sent; a leader with another epoch may never have received them. */
  #fullEpoch: number | undefined;

  constructor(context: ReporterContext) {
    this.#context = context;
  }

  start(): void {
    this.#timer = setInterval(() => this.report(), REPORT_MS);
    this.report();
  }

  /** The bus has reconnected: sends a complete report now. */
  reconnected(): void {
    this.#sent = undefined;
    this.report();
  }

  /** Reports shortly, after a random delay, since all gateways have just received the same ring. */
  acknowledge(): void {
    this.#soon ??= setTimeout(() => {
      this.#soon = undefined;
      this.report();
    }, Math.random() * ACKNOWLEDGE_MS);
  }

  report(): void {
    const { cluster, gateway, address, bus, counts, log } = this.#context;
    if (!bus.connected) {
      this.#sent = undefined;
      return;
    }
    const { changes } = counts;
    const applied = this.#context.applied() ?? REVISION_ZERO;
    const withCounts = changes !== this.#sent || applied.epoch !== this.#fullEpoch || this.#isFullDue();
    const hotKeys = this.#context.hotKeys();
    const message: Report = {
      wire: WIRE_MAJOR,
      type: 'report',
      cluster,
      gateway,
      address,
      applied,
      ...(withCounts && { connections: encodeSlotCounts(counts.countsBySlot) }),
      connectionsByNode: Object.fromEntries(counts.countsByNode),
      ...(counts.pinnedByNode.size > 0 && { pinnedByNode: Object.fromEntries(counts.pinnedByNode) }),
      moved: this.#context.moved(),
      ...(hotKeys.length > 0 && { hotKeys: [...hotKeys] }),
    };
    if (withCounts) {
      this.#fullAt = performance.now();
      this.#fullEpoch = applied.epoch;
    }
    this.#sent = changes;
    this.#reportedAt = performance.now();
    bus.send(message).catch((error: unknown) => {
      this.#sent = undefined;
      log.debug({ event: 'report-failed', error }, 'a report could not be sent');
    });
  }

  /** Sends the current ring to a leader that lacks it. */
  giveBack(ring: RingMessage): void {
    const { cluster, gateway, bus, log } = this.#context;
    bus.send({ wire: WIRE_MAJOR, type: 'held', cluster, gateway, ring }).catch((error: unknown) => {
      log.debug({ event: 'report-failed', error }, 'the current ring could not be sent');
    });
  }

  /** The counts are repeated because the controller forgets a silent gateway, and reports may get lost. */
  #isFullDue(): boolean {
    const now = performance.now();
    return now - this.#reportedAt > SILENCE_MS || now - this.#fullAt > FULL_MS;
  }

  /** Stops reporting with a leave message, so that nobody waits for this gateway any more. */
  async leave(): Promise<void> {
    clearInterval(this.#timer);
    clearTimeout(this.#soon);
    const { cluster, gateway, bus } = this.#context;
    if (!bus.connected) return;
    // If it fails, the controller notices the missing reports.
    const sent = bus.send({ wire: WIRE_MAJOR, type: 'leave', cluster, gateway }).catch(() => {});
    await within(LEAVE_MS, sent);
  }
}
