import type { Look } from './watch.ts';

/** A completed change. */
export interface Finished {
  readonly what: string;
  /** Clients that reconnected to another node, each counted once however often it moved. */
  readonly moved: number;
  /**
   * Milliseconds from the change to the greeting of the last client that came back; undefined: nobody had to reconnect.
   */
  readonly lastBackMs: number | undefined;
}

/** A change is complete after this many consecutive looks with the cluster settled and everybody connected. */
const CALM_LOOKS = 2;
/** Milliseconds within which a change must show; a change without effect (the cluster is paused) is then complete. */
const SHOWS_MS = 5000;

/** The clients whose moves are measured. */
export interface MeasuredClients {
  readonly clients: readonly { readonly moves: number; readonly greetedAt: number }[];
  /** How many of them are connected. */
  readonly connected: number;
}

/** Measures one change at a time: from the request until the last client is back. */
export class Changes {
  readonly #crowd: MeasuredClients;
  #open:
    | {
        what: string;
        at: number;
        moves: readonly number[];
        revision: string;
        shown: boolean;
        calm: number;
        named: boolean;
      }
    | undefined;
  /** The state at the last look without a change. */
  #calm: { at: number; moves: readonly number[] } | undefined;
  #last: Finished | undefined;
  #count = 0;

  constructor(crowd: MeasuredClients) {
    this.#crowd = crowd;
  }

  /** True during a change. */
  get busy(): boolean {
    return this.#open !== undefined;
  }

  get what(): string | undefined {
    return this.#open?.what;
  }

  get last(): Finished | undefined {
    return this.#last;
  }

  /** Number of completed changes. */
  get count(): number {
    return this.#count;
  }

  /** A change is being requested. */
  begin(what: string, look: Look): void {
    this.#start(what, look, { at: performance.now(), moves: this.#moves });
  }

  /** Somebody else has made a change since the last look, and clients may have moved already. */
  beginOutside(what: string, look: Look): void {
    this.#start(what, look, this.#calm ?? { at: performance.now(), moves: this.#moves });
  }

  /** By client. */
  get #moves(): readonly number[] {
    return this.#crowd.clients.map(({ moves }) => moves);
  }

  #start(what: string, look: Look, { at, moves }: { at: number; moves: readonly number[] }): void {
    this.#open = { what, at, moves, revision: look.revision, shown: false, calm: 0, named: false };
  }

  /** Names the present change once its name is known; further changes during it are measured together with it. */
  name(what: string): void {
    if (this.#open === undefined) return;
    this.#open.what = this.#open.named ? `${this.#open.what}, ${what}` : what;
    this.#open.named = true;
  }

  /** It was refused: nothing to measure. */
  cancel(): void {
    this.#open = undefined;
  }

  /** Takes a look at the cluster; returns the change that it shows to be complete, if any. */
  check(look: Look): Finished | undefined {
    const open = this.#open;
    const now = performance.now();
    if (open === undefined) {
      this.#calm = { at: now, moves: this.#moves };
      return undefined;
    }
    open.shown ||= !look.settled || look.revision !== open.revision || now - open.at > SHOWS_MS;
    const all = this.#crowd.connected === this.#crowd.clients.length;
    open.calm = open.shown && look.settled && all ? open.calm + 1 : 0;
    if (open.calm < CALM_LOOKS) return undefined;
    const back = this.#crowd.clients.map(({ greetedAt }) => greetedAt).filter((at) => at > open.at);
    const lastBackMs = back.length === 0 ? undefined : Math.max(...back) - open.at;
    const moved = this.#moves.filter((moves, client) => moves > (open.moves[client] ?? 0)).length;
    this.#last = { what: open.what, moved, lastBackMs };
    this.#open = undefined;
    this.#count++;
    return this.#last;
  }
}
