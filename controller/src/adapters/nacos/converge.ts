import { setTimeout as delay } from 'node:timers/promises';
import { WsClusterError } from '@wscluster/ring';
import { inParallel } from '@wscluster/service';
import { holdsEphemeral } from './answers.ts';
import type { NacosApi, ServiceView } from './api.ts';
import { type Instance, isOurs, keyOf } from './instances.ts';
import { type Plan, plan } from './plan.ts';

/** Concurrent calls: 1,000 instances are written in about 3 s. */
const CONCURRENCY = 8;
/** Lists show a write after 0.5 to 1 s, so they are read again after this time. Milliseconds. */
const LOOK_AGAIN_MS = 250;
/** A write that does not show after this time is repeated. Milliseconds. */
const WRITE_AGAIN_MS = 3_000;
/** Writes of one thing in one run. After more than that, something else must be writing there. */
const MAX_WRITES = 4;

export interface Goal {
  readonly wanted: readonly Instance[];
  readonly owner: string;
  /** Name of the service, for messages. */
  readonly service: string;
}

export interface Reached {
  /** Wanted instances whose address somebody else has registered. */
  readonly taken: readonly Instance[];
  /** Nacos was told not to check the health of instances, in a part of the service where others have instances too. */
  readonly tookHealthFromOthers: boolean;
}

type Action = 'register' | 'update' | 'deregister';

/**
 * Writes what is missing until the service itself shows `wanted`. The check afterwards is necessary: Nacos lists late,
 * and a manual edit hides what is registered, for a minute even after the instance was removed.
 */
export async function converge(api: NacosApi, goal: Goal, signal: AbortSignal): Promise<Reached> {
  const { wanted, owner, service } = goal;
  const writes = new Writes(service);
  let tookHealthFromOthers = false;
  for (;;) {
    signal.throwIfAborted();
    const view = await api.service();
    const existing = view === undefined ? [] : await api.instances();
    const todo = plan(existing, wanted, owner);
    const present = wanted.length > todo.taken.length;
    if (present && view?.ephemeral === true) throw holdsEphemeral(service);

    const checked = present && view?.healthUnchecked !== true;
    if (isDone(todo) && !checked) return { taken: todo.taken, tookHealthFromOthers };
    // Before the first instance exists, so that Nacos never checks one in between.
    if (checked && writes.due('the health checker', 'update')) {
      tookHealthFromOthers ||= existing.some((instance) => !isOurs(instance, owner));
      await prepare(api, view);
    }
    await inParallel(CONCURRENCY, actionsOf(todo), async ({ action, instance }) => {
      signal.throwIfAborted();
      if (!writes.due(keyOf(instance), action)) return;
      await (action === 'deregister' ? api.deregister(instance) : api.register(instance));
      // A manual edit or an earlier update hides what is registered.
      if (action === 'update') await api.override(instance);
    });
    await delay(LOOK_AGAIN_MS, undefined, { signal });
  }
}

const isDone = ({ register, update, deregister }: Plan) => register.length + update.length + deregister.length === 0;

function actionsOf({ register, update, deregister }: Plan): { action: Action; instance: Instance }[] {
  return [
    ...deregister.map((instance) => ({ action: 'deregister' as const, instance })),
    ...register.map((instance) => ({ action: 'register' as const, instance })),
    ...update.map((instance) => ({ action: 'update' as const, instance })),
  ];
}

async function prepare(api: NacosApi, view: ServiceView | undefined): Promise<void> {
  if (view === undefined) await api.createService();
  await api.leaveHealthAlone();
}

/** When each thing was written in this run. */
class Writes {
  readonly #service: string;
  readonly #last = new Map<string, { action: Action; at: number; times: number }>();

  constructor(service: string) {
    this.#service = service;
  }

  /** Whether to write now; if so, counts the write. Throws if it was written many times and still does not show. */
  due(what: string, action: Action): boolean {
    const last = this.#last.get(what);
    const now = performance.now();
    // A different action means that the previous one has shown.
    if (last?.action === action && now - last.at < WRITE_AGAIN_MS) return false;
    const times = (last?.times ?? 0) + 1;
    if (times > MAX_WRITES)
      throw new WsClusterError(
        'REGISTRY_UNAVAILABLE',
        `Nacos accepted ${MAX_WRITES} writes to ${what} in the service ${this.#service} but shows something else: ` +
          'check that nothing else writes there, and see the log of Nacos',
      );
    this.#last.set(what, { action, at: now, times });
    return true;
  }
}
