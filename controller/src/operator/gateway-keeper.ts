import { messageOf } from '@wscluster/ring';
import type { Logger } from '@wscluster/service';
import type { Kube } from '../kubernetes/kube.ts';
import type { KubeObject } from '../kubernetes/object.ts';
import { applyObject, deleteObject, readObject, type Writable } from '../kubernetes/objects.ts';
import { resourceOf } from '../kubernetes/resources.ts';
import { CoalescedRunner } from '../reconcile/signal.ts';
import { type OwnedObject, readOwned } from './owned-objects.ts';

/** An object as it should be. */
export interface WantedObject {
  readonly object: Writable;
  /** What to apply one after the other to get there from what is there; default the object itself. */
  applies?(existing: KubeObject | undefined): readonly { readonly fieldManager: string; readonly object: Writable }[];
}

export interface GatewayKeeperParts {
  readonly kube: Kube;
  readonly log: Logger;
  /** All that should exist now. */
  wanted(): readonly WantedObject[];
  /** What exists of it, as far as is known; undefined while nothing is known. */
  existing(): readonly OwnedObject[] | undefined;
  leading(): boolean;
}

/** Whatever events say, everything is applied again this often, ms. */
const REAPPLY_MS = 300_000;
/** What somebody else changes again and again is put right this often, ms. */
const PAUSE_MS = 1_000;
const MAX_RETRY_MS = 30_000;

/** Makes the objects of a cluster's gateways be there as they should be, whoever changes or deletes them. */
export class GatewayKeeper {
  readonly #parts: GatewayKeeperParts;
  readonly #runner: CoalescedRunner;
  /** What each object was like after it was applied, and what was applied. */
  #applied = new Map<string, { wanted: string; digest: string }>();
  #appliedAt = Number.NEGATIVE_INFINITY;
  #problem: string | undefined;

  constructor(parts: GatewayKeeperParts) {
    this.#parts = parts;
    this.#runner = new CoalescedRunner(
      () => this.#keep(),
      (error) => this.#note(error),
      MAX_RETRY_MS,
    );
    this.#runner.signal();
  }

  /** Why the objects could not be made as they should be at the last try. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** The cluster's spec or one of its objects may have changed. */
  look(): void {
    this.#runner.signal();
  }

  async close(): Promise<void> {
    await this.#runner.stop();
  }

  async #keep(): Promise<void> {
    const { leading, wanted, existing } = this.#parts;
    const known = existing();
    if (!leading() || known === undefined) return this.#runner.signalIn(PAUSE_MS);
    const due = performance.now() - this.#appliedAt >= REAPPLY_MS;
    const all = wanted();
    for (const one of all) await this.#keepOne(one, known, due);
    await this.#removeOthers(all, known);
    if (due) this.#appliedAt = performance.now();
    this.#runner.signalIn(REAPPLY_MS);
    this.#note(undefined);
  }

  async #keepOne(one: WantedObject, known: readonly OwnedObject[], due: boolean): Promise<void> {
    const { object } = one;
    const key = keyOf(object);
    const found = known.find(({ resource, name }) => keyOf({ kind: resource.kind, metadata: { name } }) === key);
    const text = JSON.stringify(object);
    const applied = this.#applied.get(key);
    if (!due && found !== undefined && applied?.wanted === text && applied.digest === found.digest) return;
    const answer = await this.#apply(one);
    const resource = resourceOf(object);
    const digest = (resource && readOwned(resource, answer)?.digest) ?? '';
    this.#applied.set(key, { wanted: text, digest });
    if (applied !== undefined && applied.wanted === text && found?.digest !== digest) this.#sayRestored(object);
    // The watch is a little behind what was just written.
    if (found?.digest !== digest) this.#runner.signalIn(PAUSE_MS);
  }

  async #apply({ object, applies }: WantedObject): Promise<KubeObject> {
    const { kube } = this.#parts;
    const resource = resourceOf(object);
    const { namespace = '', name = '' } = object.metadata ?? {};
    if (applies === undefined || resource === undefined) return await applyObject<KubeObject>(kube, object);
    let answer = await readObject<KubeObject>(kube, { resource, namespace, name });
    for (const step of applies(answer)) answer = await applyObject<KubeObject>(kube, step.object, step.fieldManager);
    return answer ?? (await applyObject<KubeObject>(kube, object));
  }

  async #removeOthers(wanted: readonly WantedObject[], known: readonly OwnedObject[]): Promise<void> {
    const keys = new Set(wanted.map(({ object }) => keyOf(object)));
    for (const { resource, namespace, name, uid } of known)
      if (!keys.has(keyOf({ kind: resource.kind, metadata: { name } })))
        await deleteObject(this.#parts.kube, { resource, namespace, name, uid });
  }

  #sayRestored({ kind, metadata }: Writable): void {
    this.#parts.log.info(
      { event: 'object-restored', kind, name: metadata?.name, action: 'none; change the WsCluster instead' },
      `${kind} ${metadata?.name} was changed or deleted by somebody else, and is put right`,
    );
  }

  #note(error: unknown): void {
    const problem = error === undefined ? undefined : messageOf(error);
    if (problem === this.#problem) return;
    this.#problem = problem;
    if (problem !== undefined)
      this.#parts.log.warn(
        { event: 'gateways-not-kept', action: 'see the message; it is tried again, and the gateways that run go on' },
        problem,
      );
  }
}

function keyOf({ kind, metadata }: Pick<Writable, 'kind' | 'metadata'>): string {
  return `${kind}/${metadata?.name}`;
}
