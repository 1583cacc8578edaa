import { messageOf, WsClusterError } from '@wscluster/ring';
import { CoalescedRunner, type Logger, Trouble } from '@wscluster/service';
import type { Kube } from '../client/kube.ts';
import type { KubeObject } from '../client/object.ts';
import { applyObject, deleteObject, readObject, type Writable } from '../client/objects.ts';
import { resourceOf } from '../client/resources.ts';
import { type OwnedObject, readOwned, refuseForeign } from './owned-objects.ts';

/** A desired object. */
export interface WantedObject {
  readonly object: Writable;
  /** What to apply, in this order, given the existing object; default: the object itself. */
  applies?(existing: KubeObject | undefined): readonly { readonly fieldManager: string; readonly object: Writable }[];
}

export interface GatewayKeeperParts {
  readonly kube: Kube;
  /** Id of the cluster, for log lines. */
  readonly log: Logger;
  /** All objects that should exist now. */
  wanted(): readonly WantedObject[];
  /** The existing objects, as far as known; undefined while nothing is known. */
  existing(): readonly OwnedObject[] | undefined;
  /** Why nothing is known, once there is a reason. */
  unknown?(): string | undefined;
  leading(): boolean;
}

/** How often everything is applied again, even without events, ms. */
const REAPPLY_MS = 300_000;
/** After an object was applied, how long to leave it alone, ms; doubled each time that it had to be restored. */
const PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 60_000;
/** A change within this time is part of the same conflict, ms. */
const CALM_MS = 120_000;
/** From this many changes on, the conflict is logged as one. */
const QUARREL = 3;
/** How long the lists of existing objects may be missing before that is a problem, ms. */
const UNKNOWN_MS = 5_000;
const MAX_RETRY_MS = 30_000;

/** What is remembered of an applied object. */
interface Applied {
  readonly wanted: string;
  /** Digest of the answer. */
  readonly digest: string;
  readonly resourceVersion: string;
  readonly at: number;
  /** How often a change by somebody else was undone, with less than `CALM_MS` in between. */
  readonly restored: number;
  readonly restoredAt: number;
}

/** Keeps the objects of a cluster's gateways as declared, even if somebody changes or deletes them. */
export class GatewayKeeper {
  readonly #parts: GatewayKeeperParts;
  readonly #runner: CoalescedRunner;
  readonly #applied = new Map<string, Applied>();
  #unknownSince: number | undefined;
  readonly #trouble: Trouble;

  constructor(parts: GatewayKeeperParts) {
    this.#parts = parts;
    this.#trouble = new Trouble(parts.log);
    this.#runner = new CoalescedRunner(
      () => this.#keep(),
      (error) => this.#failed(messageOf(error)),
      MAX_RETRY_MS,
    );
    this.#runner.signal();
  }

  /** Why the last attempt to apply the objects failed. */
  get problem(): string | undefined {
    return this.#trouble.problem;
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
    if (!leading()) return this.#runner.signalIn(PAUSE_MS);
    const known = existing();
    if (known === undefined) return this.#waitForLists();
    this.#unknownSince = undefined;
    const all = wanted();
    let refusal: unknown;
    for (const one of all) {
      try {
        await this.#keepOne(one, known);
      } catch (error) {
        // An object that is refused does not stop the others; an unavailable server does.
        if (!isRefusal(error)) throw error;
        refusal ??= error;
      }
    }
    await this.#removeOthers(all, known);
    if (refusal !== undefined) throw refusal;
    this.#runner.signalIn(REAPPLY_MS);
    if (leading())
      this.#trouble.recovered({ event: 'gateways-kept-again' }, "the gateways' objects are as declared again");
  }

  #waitForLists(): void {
    const now = performance.now();
    this.#unknownSince ??= now;
    this.#runner.signalIn(PAUSE_MS);
    if (now - this.#unknownSince < UNKNOWN_MS) return;
    const why = this.#parts.unknown?.() ?? 'the list has not arrived yet';
    this.#failed(
      `the existing Deployments, Services and PodDisruptionBudgets are not known, so none is created: ${why}`,
    );
  }

  async #keepOne(one: WantedObject, known: readonly OwnedObject[]): Promise<void> {
    const { object } = one;
    const key = keyOf(object);
    const found = known.find(({ resource, name }) => keyOf({ kind: resource.kind, metadata: { name } }) === key);
    const wanted = JSON.stringify(object);
    const applied = this.#applied.get(key);
    // When it has ended, an event follows, and it is created again.
    if (found?.terminating === true || !this.#isDue(object, applied, wanted, found)) return;
    const answer = await this.#apply(one, found);
    if (answer === undefined) return;
    const resource = resourceOf(object);
    const digest = (resource && readOwned(resource, answer)?.digest) ?? '';
    const { resourceVersion } = answer.metadata;
    const undone =
      applied?.wanted === wanted && found?.digest !== digest && resourceVersion !== applied.resourceVersion;
    const at = performance.now();
    const { restored = 0, restoredAt = at } = applied ?? {};
    const times = undone ? restored + 1 : restored;
    this.#applied.set(key, {
      ...{ wanted, digest, resourceVersion, at },
      restored: times,
      restoredAt: undone ? at : restoredAt,
    });
    if (undone) this.#sayRestored(object, times);
    // The watch is slightly behind the last write.
    if (found?.digest !== digest) this.#runner.signalIn(pauseMs(times));
  }

  /** Whether to apply the object now; if it is too early, schedules another look. */
  #isDue(object: Writable, applied: Applied | undefined, wanted: string, found: OwnedObject | undefined): boolean {
    if (applied?.wanted !== wanted) return true;
    const now = performance.now();
    if (now - applied.at >= REAPPLY_MS) return true;
    if (found?.digest === applied.digest) {
      this.#calmDown(object, applied);
      return false;
    }
    const waitMs = applied.at + pauseMs(applied.restored) - now;
    if (waitMs > 0) this.#runner.signalIn(waitMs);
    return waitMs <= 0;
  }

  #calmDown(object: Writable, applied: Applied): void {
    if (applied.restored === 0) return;
    const leftMs = applied.restoredAt + CALM_MS - performance.now();
    if (leftMs > 0) {
      this.#runner.signalIn(leftMs);
      return;
    }
    this.#applied.set(keyOf(object), { ...applied, restored: 0 });
    if (applied.restored < QUARREL) return;
    const { kind, metadata } = object;
    this.#parts.log.info(
      { event: 'object-settled', kind, name: metadata?.name },
      `${kind} ${metadata?.name} stays as declared`,
    );
  }

  /** Undefined if the lead was lost meanwhile: only the leader writes. */
  async #apply({ object, applies }: WantedObject, found: OwnedObject | undefined): Promise<KubeObject | undefined> {
    const { kube, leading } = this.#parts;
    const resource = resourceOf(object);
    const { namespace = '', name = '' } = object.metadata ?? {};
    let answer: KubeObject | undefined;
    if (resource !== undefined && (found === undefined || applies !== undefined)) {
      answer = await readObject<KubeObject>(kube, { resource, namespace, name });
      if (answer !== undefined) refuseForeign(object, answer);
    }
    // Deleted: the watch will report it soon.
    if (answer?.metadata.deletionTimestamp !== undefined) {
      this.#runner.signalIn(PAUSE_MS);
      return undefined;
    }
    const steps = applies?.(answer) ?? [{ object, fieldManager: undefined }];
    for (const step of steps) {
      if (!leading()) return undefined;
      answer = await applyObject<KubeObject>(kube, step.object, step.fieldManager);
    }
    return answer;
  }

  async #removeOthers(wanted: readonly WantedObject[], known: readonly OwnedObject[]): Promise<void> {
    const keys = new Set(wanted.map(({ object }) => keyOf(object)));
    for (const { resource, namespace, name, uid, terminating } of known) {
      if (terminating || keys.has(keyOf({ kind: resource.kind, metadata: { name } }))) continue;
      if (!this.#parts.leading()) return;
      await deleteObject(this.#parts.kube, { resource, namespace, name, uid });
    }
  }

  #sayRestored({ kind, metadata }: Writable, times: number): void {
    const { log } = this.#parts;
    const name = metadata?.name;
    if (times < QUARREL)
      log.info(
        { event: 'object-restored', kind, name, action: 'none: it is as before; to change it, edit the WsCluster' },
        `${kind} ${name} was changed or deleted by somebody else, and is restored`,
      );
    if (times === QUARREL)
      log.warn(
        {
          event: 'object-contested',
          ...{ kind, name },
          action: 'find out who does that with kubectl get --show-managed-fields, and edit the WsCluster instead',
        },
        `somebody else keeps changing ${kind} ${name}; it is restored less and less often, but at least every ${MAX_PAUSE_MS / 1000} s`,
      );
  }

  #failed(problem: string): void {
    // If this process does not lead, problems are for the leader to report.
    if (!this.#parts.leading()) return;
    this.#trouble.failed(
      {
        event: 'gateways-not-kept',
        action: 'see the message; the controller tries again, and running gateways keep serving',
      },
      problem,
    );
  }
}

function keyOf({ kind, metadata }: Pick<Writable, 'kind' | 'metadata'>): string {
  return `${kind}/${metadata?.name}`;
}

function pauseMs(restored: number): number {
  return Math.min(MAX_PAUSE_MS, PAUSE_MS * 2 ** restored);
}

function isRefusal(error: unknown): boolean {
  return error instanceof WsClusterError && (error.code === 'CONFLICT' || error.code === 'CONFIG_INVALID');
}
