import { setTimeout as delay } from 'node:timers/promises';
import { WsClusterError } from '@wscluster/ring';
import { type Logger, Trouble, withDeadline } from '@wscluster/service';
import { ApiRefusal, apiError, refusalOf } from './api-error.ts';
import { InformerStore } from './informer-store.ts';
import { JsonLines } from './json-lines.ts';
import type { Kube } from './kube.ts';
import type { KubeObject } from './object.ts';
import type { Resource } from './resources.ts';
import { losesItsPlace, WatchPace } from './watch-pace.ts';

const PAGE = 500;
const LIST_TIMEOUT_MS = 30_000;
const RELIST_MS = 600_000;
const WATCH_SECONDS = 60;
/** Added to the time after which the server ends a watch, ms: one that is silent for longer is broken. */
const SILENCE_SLACK_MS = 10_000;

export interface InformerOptions<Raw extends KubeObject, Kept> {
  readonly kube: Kube;
  readonly resource: Resource;
  /** All namespaces when undefined. */
  readonly namespace?: string | undefined;
  /** As in `kubectl -l`. */
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  /** The part of an object that is kept, as small as possible: all are held in memory. Undefined: not one of ours. */
  keep(object: Raw): Kept | undefined;
  /** Something has changed, with no details; also called after the first list. */
  onChange(): void;
  readonly log: Logger;
  /** How often everything is listed again, ms, less up to a tenth; default 600,000. */
  readonly relistMs?: number;
  /** How long the server keeps a watch open, s; a silent watch is noticed after that. Default 60. */
  readonly watchSeconds?: number;
}

/**
 * An informer as in client-go: it lists and watches all matching objects of one kind, and holds the last complete state
 * that it knows.
 */
export interface Informer<Raw extends KubeObject, Kept> {
  /** True once a complete list has arrived, and from then on. */
  readonly synced: boolean;
  /** Resolves once synced; rejects after `timeoutMs` with the reason of the last failure, or when closed. */
  whenSynced(timeoutMs: number): Promise<void>;
  /** Why the objects cannot be watched now; undefined if they can. */
  readonly problem: WsClusterError | undefined;
  /** By uid. */
  readonly objects: ReadonlyMap<string, Kept>;
  /** Takes an object that a write returned, unless a newer version is known: a process sees its own writes at once. */
  note(object: Raw): void;
  close(): Promise<void>;
}

/** Starts at once and never fails: lists and watches again, with back-off, until closed. */
export function startInformer<Raw extends KubeObject, Kept>(options: InformerOptions<Raw, Kept>): Informer<Raw, Kept> {
  return new ListAndWatch(options);
}

interface ListAnswer<Raw> {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  readonly items: readonly Raw[];
}

interface WatchEvent<Raw> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: Raw | { readonly code?: number; readonly reason?: string; readonly message?: string };
}

class ListAndWatch<Raw extends KubeObject, Kept> implements Informer<Raw, Kept> {
  readonly #options: InformerOptions<Raw, Kept>;
  readonly #closing = new AbortController();
  readonly #store: InformerStore<Raw, Kept>;
  readonly #running: Promise<void>;
  readonly #firstList = Promise.withResolvers<void>();
  #synced = false;
  /** The version from which the watch continues; undefined: list first. */
  #resourceVersion: string | undefined;
  /** The newest version that a list or watch had. */
  #seen: string | undefined;
  readonly #pace = new WatchPace();
  /** When the present watch was opened, by performance.now(). */
  #openedAt: number | undefined;
  #relistAt = 0;
  #problem: WsClusterError | undefined;
  readonly #trouble: Trouble;

  constructor(options: InformerOptions<Raw, Kept>) {
    this.#options = options;
    this.#trouble = new Trouble(options.log);
    this.#store = new InformerStore((object) => options.keep(object));
    this.#firstList.promise.catch(() => {});
    this.#running = this.#run();
  }

  get synced(): boolean {
    return this.#synced;
  }

  get problem(): WsClusterError | undefined {
    return this.#problem;
  }

  get objects(): ReadonlyMap<string, Kept> {
    return this.#store.objects;
  }

  async whenSynced(timeoutMs: number): Promise<void> {
    if (this.#synced) return;
    const { kube, resource } = this.#options;
    const late = () =>
      this.#problem ??
      apiError(new Error(`no answer within ${timeoutMs} ms`), kube.server, this.#wanted('list', resource));
    await withDeadline({ ms: timeoutMs, late }, () => this.#firstList.promise);
  }

  note(object: Raw): void {
    if (this.#store.note(object, this.#resourceVersion)) this.#options.onChange();
  }

  async close(): Promise<void> {
    const reason = new WsClusterError('SHUTTING_DOWN', 'it is no longer watched');
    this.#closing.abort(reason);
    this.#firstList.reject(reason);
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      this.#openedAt = undefined;
      let waitMs: number;
      try {
        if (this.#resourceVersion === undefined || performance.now() >= this.#relistAt) await this.#list();
        await this.#watch();
        // The server ended the watch regularly; a proxy in between may do that immediately, again and again.
        waitMs = this.#pace.ended({ openMs: this.#openMs, failed: false });
      } catch (error) {
        if (signal.aborted) return;
        const refusal = refusalOf(error);
        waitMs = this.#pace.ended({ openMs: this.#openMs, failed: true, refusal });
        this.#failed(error);
        if (losesItsPlace(refusal)) this.#resourceVersion = undefined;
      }
      if (waitMs > 0) await delay(waitMs, undefined, { signal }).catch(() => {});
    }
  }

  get #openMs(): number {
    return this.#openedAt === undefined ? 0 : performance.now() - this.#openedAt;
  }

  async #list(): Promise<void> {
    const { kube, resource, namespace, labelSelector, fieldSelector, relistMs = RELIST_MS } = this.#options;
    const objects: Raw[] = [];
    let next: string | undefined;
    let resourceVersion: string;
    do {
      const page: ListAnswer<Raw> = await kube.call({
        verb: 'list',
        resource,
        namespace,
        query: { labelSelector, fieldSelector, limit: PAGE, continue: next },
        timeoutMs: LIST_TIMEOUT_MS,
        signal: this.#closing.signal,
      });
      objects.push(...page.items);
      resourceVersion = page.metadata.resourceVersion;
      next = page.metadata.continue || undefined;
    } while (next !== undefined);
    this.#resourceVersion = resourceVersion;
    this.#relistAt = performance.now() + relistMs * (0.9 + Math.random() * 0.1);
    const changed = this.#store.replace(objects, resourceVersion, this.#seen);
    this.#seen = resourceVersion;
    this.#pace.listed();
    this.#recovered();
    const first = !this.#synced;
    this.#synced = true;
    this.#firstList.resolve();
    if (changed || first) this.#options.onChange();
  }

  /** Resolves when the server ends the watch regularly. */
  async #watch(): Promise<void> {
    const { kube, resource, namespace, labelSelector, fieldSelector, watchSeconds = WATCH_SECONDS } = this.#options;
    const silence = new AbortController();
    const silenceMs = watchSeconds * 1000 + SILENCE_SLACK_MS;
    const stream = await kube.open({
      verb: 'watch',
      resource,
      namespace,
      query: {
        labelSelector,
        fieldSelector,
        watch: true,
        allowWatchBookmarks: true,
        resourceVersion: this.#resourceVersion,
        // Random, so that the watches of a process do not end at the same time.
        timeoutSeconds: Math.max(1, Math.round(watchSeconds * (0.8 + Math.random() * 0.2))),
      },
      signal: AbortSignal.any([this.#closing.signal, silence.signal]),
    });
    if (this.#pace.doubtful) {
      // The server answers again. Not listed earlier, since a list costs an overloaded server much more.
      stream.destroy();
      await this.#list();
      return await this.#watch();
    }
    this.#openedAt = performance.now();
    this.#recovered();
    const silent = setTimeout(() => silence.abort(new Error(`silent for ${silenceMs / 1000} s`)), silenceMs);
    const lines = new JsonLines();
    try {
      for await (const chunk of stream) {
        silent.refresh();
        let changed = false;
        for (const line of lines.push(chunk as Buffer)) changed = this.#take(line) || changed;
        if (changed) this.#options.onChange();
      }
    } catch (error) {
      if (error instanceof ApiRefusal) throw apiError(error, kube.server, this.#wanted('watch', resource));
      // A watch that breaks or falls silent is normal, and says nothing about the server: the next watch will.
      if (!silence.signal.aborted && !hasCode(error)) throw error;
    } finally {
      clearTimeout(silent);
      stream.destroy();
    }
  }

  /** True if something has changed. */
  #take(line: string): boolean {
    const { type, object } = JSON.parse(line) as WatchEvent<Raw>;
    if (type === 'ERROR' || !('metadata' in object)) {
      const {
        code = 500,
        reason = '',
        message = line,
      } = object as { code?: number; reason?: string; message?: string };
      throw new ApiRefusal(code, reason, message);
    }
    const { resourceVersion } = object.metadata;
    const changed =
      type === 'BOOKMARK' ? false : type === 'DELETED' ? this.#store.remove(object) : this.#store.set(object);
    this.#resourceVersion = resourceVersion;
    this.#seen = resourceVersion;
    return changed;
  }

  #wanted(verb: string, { plural: resource }: Resource) {
    return { verb, resource, namespace: this.#options.namespace };
  }

  #failed(error: unknown): void {
    const { kube, resource, namespace } = this.#options;
    const refusal = refusalOf(error);
    // The requested version has been compacted, which is normal.
    if (refusal?.status === 410) return;
    this.#problem = apiError(error, kube.server, this.#wanted('watch', resource));
    // That the server cannot be reached is logged once for all its clients.
    if (refusal === undefined && error instanceof WsClusterError) return;
    this.#trouble.failed(
      {
        event: 'kubernetes-watch-refused',
        resource: resource.plural,
        namespace,
        error: this.#problem,
        action: 'see the message; the controller keeps trying, and uses the last known state meanwhile',
      },
      this.#problem.message,
    );
  }

  #recovered(): void {
    const { resource, namespace } = this.#options;
    this.#trouble.recovered(
      { event: 'kubernetes-watch-resumed', resource: resource.plural, namespace },
      `${resource.plural} can be watched again`,
    );
    this.#problem = undefined;
  }
}

function hasCode(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error;
}
