import type { LiveState } from '@wscluster/controller/api';
import { EventSourceParserStream } from 'eventsource-parser/stream';
import { ApiError, type ClusterApi } from '../api/client.ts';
import { History, type HistoryView } from '../charts/history.ts';
import { MoveRate } from './move-rate.ts';
import type { TimelineEntry } from './timeline-entry.ts';

const KEPT_EVENTS = 1000;
/** How long a node that has gone is still shown, ms. */
const GONE_MS = 10_000;
const RETRY_MS = 1000;
/** A stream counts as dead after this much silence, ms; a comment comes every 15 s. */
const SILENCE_MS = 40_000;

export type LiveNode = Omit<LiveState['nodes'][number], 'state'> & {
  readonly state: LiveState['nodes'][number]['state'] | 'gone';
};

/** The state of a cluster for the page; a new object whenever something has changed. */
export interface Snapshot {
  readonly connection: 'connecting' | 'live' | 'lost';
  /** Why it is not live. */
  readonly problem: ApiError | undefined;
  /** Undefined before the first state. */
  readonly state: LiveState | undefined;
  readonly nodes: readonly LiveNode[];
  readonly movesPerSecond: number;
  /** Oldest first. */
  readonly events: readonly TimelineEntry[];
}

/** Follows one cluster through its event stream, and reconnects by itself. */
export class LiveCluster {
  readonly #api: ClusterApi;
  readonly #stop = new AbortController();
  readonly #listeners = new Set<() => void>();
  readonly #historyListeners = new Set<() => void>();
  readonly #history = new History();
  readonly #rate = new MoveRate();
  readonly #migrationRate = new MoveRate();
  readonly #gone = new Map<string, { node: LiveNode; at: number }>();
  readonly #known = new Set<string>();
  #events: TimelineEntry[] = [];
  #ticks: ReturnType<typeof setInterval>;
  #pending = false;
  #next: Snapshot = EMPTY;
  #snapshot: Snapshot = EMPTY;

  constructor(api: ClusterApi) {
    this.#api = api;
    this.#ticks = setInterval(() => this.#tick(), 1000);
    void this.#run();
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly snapshot = (): Snapshot => this.#snapshot;

  /** The history goes on by itself: nothing else of the page is drawn again for it. */
  readonly subscribeHistory = (listener: () => void): (() => void) => {
    this.#historyListeners.add(listener);
    return () => this.#historyListeners.delete(listener);
  };

  readonly history = (): HistoryView => this.#history.view;

  close(): void {
    this.#stop.abort();
    clearInterval(this.#ticks);
    this.#listeners.clear();
    this.#historyListeners.clear();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        await this.#follow();
        this.#lose(new ApiError(0, 'the controller ended the stream'));
      } catch (error) {
        if (signal.aborted) return;
        const problem = error instanceof ApiError ? error : new ApiError(0, 'the connection to the controller was cut');
        this.#lose(problem);
        // A retry would get the same answer.
        if (problem.status === 401) return;
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }

  async #follow(): Promise<void> {
    const attempt = new AbortController();
    const stream = await this.#api.events(AbortSignal.any([this.#stop.signal, attempt.signal]));
    let silence: ReturnType<typeof setTimeout> | undefined;
    const heard = () => {
      clearTimeout(silence);
      silence = setTimeout(() => attempt.abort(), SILENCE_MS);
    };
    const hearing = new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        heard();
        controller.enqueue(chunk);
      },
    });
    heard();
    const reader = stream
      .pipeThrough(hearing)
      .pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)
      .pipeThrough(new EventSourceParserStream())
      .getReader();
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        if (value.event === 'state') this.#takeState(JSON.parse(value.data) as LiveState);
        else if (value.id !== undefined)
          this.#takeEvent({ ...(JSON.parse(value.data) as TimelineEntry), id: value.id });
      }
    } finally {
      clearTimeout(silence);
    }
  }

  #lose(problem: ApiError): void {
    this.#rate.lose(performance.now());
    this.#migrationRate.lose(performance.now());
    this.#become({ connection: this.#next.state === undefined ? 'connecting' : 'lost', problem });
  }

  #takeState(state: LiveState): void {
    const now = performance.now();
    this.#rate.take(state.gateways, now);
    this.#migrationRate.take(
      state.gateways.map(({ id, migrated }) => ({ id, moved: migrated })),
      now,
    );
    const present = new Set(state.nodes.map(({ id }) => id));
    for (const node of this.#next.state?.nodes ?? [])
      if (!present.has(node.id)) this.#gone.set(node.id, { node: { ...node, state: 'gone', connections: 0 }, at: now });
    for (const id of present) this.#gone.delete(id);
    const isFirst = this.#next.state === undefined;
    this.#become({ connection: 'live', problem: undefined, state });
    if (isFirst) this.#sample(now);
  }

  /** A new stream repeats earlier events. */
  #takeEvent(event: TimelineEntry): void {
    if (this.#known.has(event.id)) return;
    this.#known.add(event.id);
    this.#events = [...this.#events, event].slice(-KEPT_EVENTS);
    this.#become({});
  }

  #tick(): void {
    const now = performance.now();
    for (const [id, { at }] of this.#gone) if (now - at > GONE_MS) this.#gone.delete(id);
    const gone = this.#next.nodes.filter(({ state }) => state === 'gone').length;
    if (this.#gone.size !== gone || this.#next.movesPerSecond !== this.#rate.perSecond(now)) this.#become({});
    this.#sample(now);
  }

  #sample(now: number): void {
    const { state, connection } = this.#next;
    if (state === undefined) return;
    const before = this.#history.view;
    const rates = {
      movesPerSecond: this.#rate.perSecond(now),
      migrationsPerSecond: this.#migrationRate.perSecond(now),
    };
    const reading = connection === 'live' ? { nodes: state.nodes, ...rates } : undefined;
    this.#history.take(Date.now() / 1000, reading);
    if (this.#history.view !== before) for (const listener of this.#historyListeners) listener();
  }

  /** Changes in quick succession are shown together. */
  #become(change: Partial<Snapshot>): void {
    this.#next = { ...this.#next, ...change };
    if (this.#pending) return;
    this.#pending = true;
    setTimeout(() => {
      this.#pending = false;
      const gone = [...this.#gone.values()].map(({ node }) => node);
      this.#next = {
        ...this.#next,
        nodes: [...(this.#next.state?.nodes ?? []), ...gone],
        movesPerSecond: this.#rate.perSecond(performance.now()),
        events: this.#events,
      };
      this.#snapshot = this.#next;
      for (const listener of this.#listeners) listener();
    }, 50);
  }
}

const EMPTY: Snapshot = {
  connection: 'connecting',
  problem: undefined,
  state: undefined,
  nodes: [],
  movesPerSecond: 0,
  events: [],
};
