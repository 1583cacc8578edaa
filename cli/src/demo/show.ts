import { setTimeout as delay } from 'node:timers/promises';
import { counted, messageOf } from '@wscluster/ring';
import type { Api } from '../api/api.ts';
import { Changes } from './changes.ts';
import type { Crowd } from './crowd.ts';
import { describe, type Scene, unnoticed } from './frame.ts';
import { makeChange } from './make-change.ts';
import type { Screen } from './screen.ts';
import type { Change } from './script.ts';
import type { Watch } from './watch.ts';
import { WrongClients } from './wrong.ts';

/** Deadline of a change in a script, ms. */
const THROUGH_MS = 120_000;

export interface ShowParts {
  readonly api: Api;
  readonly watch: Watch;
  readonly crowd: Crowd;
  readonly screen: Screen;
  /** Desired number of clients. */
  readonly clients: number;
  readonly logFile: string | undefined;
}

/** The running demo: makes and measures changes, checks owners, and shows all of it. */
export class Show {
  readonly #parts: ShowParts;
  readonly #changes: Changes;
  readonly #wrong = new WrongClients();
  #failed = false;
  #known: string | undefined;
  /** Migrations before the demo. */
  #migratedBefore: number | undefined;

  constructor(parts: ShowParts) {
    this.#parts = parts;
    this.#changes = new Changes(parts.crowd);
  }

  /** Nothing lost, no client at a wrong owner, no failed change. */
  get good(): boolean {
    return this.#parts.crowd.lost === 0 && this.#wrong.count === 0 && !this.#failed;
  }

  /** The demo has failed, whatever the counts say. */
  fail(): void {
    this.#failed = true;
  }

  /** Takes the last look at the cluster. */
  onLook(): void {
    const { watch, crowd, screen, clients } = this.#parts;
    const { look } = watch;
    if (watch.problem !== undefined || look === undefined) return;
    this.#migratedBefore ??= look.migrated;
    if (this.#migrated === 0) this.#wrong.check(look, crowd.clients);
    const complete = crowd.clients.length === clients;
    // Somebody else is changing the cluster, for example from another terminal: that is measured too.
    if (!this.#changes.busy && complete && this.#known !== undefined && this.#known !== look.revision)
      this.#changes.beginOutside('a change from outside', look);
    this.#known = look.revision;
    const finished = this.#changes.check(look);
    if (finished !== undefined) screen.note(describe(finished));
  }

  /**
   * Makes a change, and begins to measure it. Resolves with the reason if it was refused, which is shown; undefined: it
   * was not.
   */
  async change(change: Change): Promise<string | undefined> {
    const { api, watch, screen } = this.#parts;
    if (watch.look === undefined) return undefined;
    // From before the request: clients may move before the answer arrives.
    const first = !this.#changes.busy;
    if (first) this.#changes.begin(change, watch.look);
    try {
      const done = await makeChange(change, api, watch.look, this.#byNode);
      this.#changes.name(done);
      screen.note(`${done} ...`);
      return undefined;
    } catch (error) {
      if (first) this.#changes.cancel();
      const why = `${change}: ${messageOf(error)}`;
      screen.note(why);
      return why;
    }
  }

  /** Resolves when no change is in progress. A change that is not complete after 2 minutes has failed. */
  async through(signal: AbortSignal): Promise<void> {
    const deadline = performance.now() + THROUGH_MS;
    while (this.#changes.busy) {
      if (performance.now() > deadline) {
        this.fail();
        this.#parts.screen.note(`${this.#changes.what}: not through after ${THROUGH_MS / 1000} s`);
        this.#changes.cancel();
      }
      await delay(20, undefined, { signal });
    }
  }

  draw(): void {
    this.#parts.screen.show(this.#scene());
  }

  summary(): string {
    const { crowd } = this.#parts;
    const moves = `${counted(crowd.moved, 'move')}${unnoticed({ migrated: this.#migrated })}`;
    const all = [counted(crowd.clients.length, 'client'), counted(this.#changes.count, 'change'), moves].join(', ');
    if (crowd.backend.kind === 'other') return `${all}; messages and owners were not checked`;
    return `${all}, ${counted(crowd.echoed, 'message')} echoed: ${crowd.lost} lost, ${this.#wrong.count} wrong`;
  }

  /** A gateway that restarts begins anew. */
  get #migrated(): number {
    return Math.max(0, (this.#parts.watch.look?.migrated ?? 0) - (this.#migratedBefore ?? 0));
  }

  /** As clients were greeted, or else as the gateways report it. */
  get #byNode(): ReadonlyMap<string, number> {
    const { crowd, watch } = this.#parts;
    if (crowd.backend.kind !== 'other' && this.#migrated === 0) return crowd.byNode;
    return new Map(watch.look?.nodes.map(({ id, connections }) => [id, connections]));
  }

  #scene(): Scene {
    const { watch, crowd, clients, logFile } = this.#parts;
    const { look, problem } = watch;
    const byNode = this.#byNode;
    const listed = look?.nodes ?? [];
    // Gone since the last look, or not seen yet.
    const unlisted = [...byNode.keys()].filter((id) => listed.every((node) => node.id !== id));
    return {
      clients,
      connected: crowd.connected,
      moved: crowd.moved,
      migrated: this.#migrated,
      checked: crowd.backend.kind !== 'other',
      echoed: crowd.echoed,
      lost: crowd.lost,
      wrong: this.#wrong.count,
      gateways: look?.gateways ?? 0,
      revision: look?.revision ?? 'unknown',
      cluster: problem ?? look?.message ?? 'starting',
      nodes: [...listed, ...unlisted.map((id) => ({ id, state: 'unlisted' }))]
        .map(({ id, state }) => ({ id, state, clients: byNode.get(id) ?? 0 }))
        .sort((a, b) => (a.id < b.id ? -1 : 1)),
      changing: this.#changes.what,
      last: this.#changes.last,
      logFile,
    };
  }
}
