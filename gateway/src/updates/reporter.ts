import { randomBytes } from 'node:crypto';
import {
  type ConnectionCounts,
  encodeSlotChanges,
  type Heartbeat,
  type HotKey,
  type HotSlotKeys,
  REVISION_ZERO,
  type Revision,
  type RingMessage,
  ToldCounts,
  type Uplink,
  WIRE_MAJOR,
} from '@wscluster/ring';
import { type Logger, within } from '@wscluster/service';
import type { RingBusFollower } from '@wscluster/transport';
import type { SlotLoad } from '../relay/slot-load.ts';

/** The controller expects a report every second as a sign of life; after three missing ones it gives the gateway up. */
const REPORT_MS = 1_000;
/** An acknowledgement is sent within this time, unless the controller says otherwise. */
const ACKNOWLEDGE_MS = 20;
/** Milliseconds in which the last message must be sent. */
const LEAVE_MS = 500;

export interface ReporterContext {
  readonly cluster: string;
  readonly gateway: string;
  /** Where clients reach this gateway. */
  readonly address: string;
  readonly bus: Pick<RingBusFollower, 'send' | 'connected'>;
  readonly counts: ConnectionCounts;
  readonly log: Logger;
  /** The revision in use; undefined: none. */
  applied(): Revision | undefined;
  moved(): number;
  /** Of those without their clients noticing. */
  migrated(): number;
  hotKeys(): readonly HotKey[];
  /** Of what is measured; empty if nothing is. */
  hotSlots(): readonly HotSlotKeys[];
  readonly load: Pick<SlotLoad, 'count' | 'measure' | 'tell' | 'forget'>;
}

/**
 * Reports to the controller, every second and on request, which ring is in use and who is connected: the whole when the
 * controller may not know what was told before, else what has changed.
 */
export class Reporter {
  readonly #context: ReporterContext;
  readonly #run = randomBytes(6).toString('base64url');
  readonly #told = new ToldCounts();
  #number = 0;
  readonly #hotKeys = new ToldList();
  readonly #hotSlots = new ToldList();
  /** What the controller last said about reports; undefined if it knows no changes of them, or was not heard. */
  #reporting: Heartbeat['reporting'];
  /** The next report has to be a whole one. */
  #wholeIsDue = true;
  #timer: NodeJS.Timeout | undefined;
  #soon: NodeJS.Timeout | undefined;
  /** Epoch of the ring in use at the last whole report; a leader with another epoch may never have received one. */
  #wholeEpoch: number | undefined;

  constructor(context: ReporterContext) {
    this.#context = context;
  }

  start(): void {
    this.#timer = setInterval(() => this.report(), REPORT_MS);
    this.report();
  }

  /** The bus has reconnected: sends a whole report now. */
  reconnected(): void {
    this.#wholeIsDue = true;
    this.report();
  }

  /** The controller may ask for a whole report, and says over what time acknowledgements are spread. */
  onHeartbeat({ reporting }: Heartbeat): void {
    this.#reporting = reporting;
    this.#context.load.count(reporting?.load);
    if (reporting?.wholeOf.includes(this.#context.gateway) !== true) return;
    this.#wholeIsDue = true;
    this.reportSoon();
  }

  /** Reports after a random delay, since all gateways have just received the same. */
  reportSoon(): void {
    const { spreadMs = ACKNOWLEDGE_MS } = this.#reporting ?? {};
    this.#soon ??= setTimeout(() => {
      this.#soon = undefined;
      this.report();
    }, Math.random() * spreadMs);
  }

  report(): void {
    const { bus, load, log } = this.#context;
    if (!bus.connected) {
      this.#wholeIsDue = true;
      load.forget();
      return;
    }
    const message = this.#next();
    bus.send(message).catch((error: unknown) => {
      this.#wholeIsDue = true;
      log.debug({ event: 'report-failed', error }, 'a report could not be sent');
    });
  }

  #next(): Uplink {
    const { cluster, gateway, address, counts, load } = this.#context;
    const { measure } = load;
    const applied = this.#context.applied() ?? REVISION_ZERO;
    const hotKeys = [...this.#context.hotKeys()];
    const areNewKeys = this.#hotKeys.tell(hotKeys);
    const hotSlots = [...this.#context.hotSlots()];
    const areNewSlots = this.#hotSlots.tell(hotSlots);
    const moved = this.#context.moved();
    const migrated = this.#context.migrated();
    const said = {
      ...({ wire: WIRE_MAJOR } as const),
      ...{ cluster, gateway, address, applied, moved },
      ...(migrated > 0 && { migrated }),
      ...(measure && { load: { measure, slots: encodeSlotChanges(load.tell()) } }),
      id: { run: this.#run, number: ++this.#number },
    };
    if (!this.#isWhole(applied))
      return {
        ...said,
        type: 'report-change',
        ...this.#told.change(counts),
        ...(areNewKeys && { hotKeys }),
        ...(areNewSlots && { hotSlots }),
      };
    this.#wholeIsDue = false;
    this.#wholeEpoch = applied.epoch;
    return {
      ...said,
      type: 'report',
      ...this.#told.whole(counts),
      ...(hotKeys.length > 0 && { hotKeys }),
      ...(hotSlots.length > 0 && { hotSlots }),
    };
  }

  #isWhole(applied: Revision): boolean {
    return this.#wholeIsDue || this.#reporting === undefined || applied.epoch !== this.#wholeEpoch;
  }

  /** Sends the current ring to a leader that lacks it. */
  giveBack(ring: RingMessage): void {
    const { cluster, gateway, bus, log } = this.#context;
    bus.send({ wire: WIRE_MAJOR, type: 'held', cluster, gateway, ring }).catch((error: unknown) => {
      log.debug({ event: 'report-failed', error }, 'the current ring could not be sent');
    });
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

/** A list that is told again only when it has changed. */
class ToldList {
  #text = '[]';

  /** Whether it differs from what was told last. */
  tell(list: readonly unknown[]): boolean {
    const before = this.#text;
    this.#text = JSON.stringify(list);
    return this.#text !== before;
  }
}
