import { messageOf } from '@wscluster/ring';
import { inParallel, type Logger, Trouble } from '@wscluster/service';
import { refusalOf } from '../client/api-error.ts';
import type { Kube } from '../client/kube.ts';
import { annotateObject } from '../client/objects.ts';
import { RESOURCES } from '../client/resources.ts';
import { ANNOTATIONS } from '../names.ts';

/**
 * Least time between two rounds of writes, ms: each write is a request, and an event for everyone who watches the pods.
 */
const EVERY_MS = 10_000;
/** Counts that differ by less than this factor are equal: the order of such pods does not matter. */
const STEP = 1.25;
/** How many steps a cost may be off: counts that vary around the edge of a step cause no write. */
const TOLERANCE = 1;
/** Concurrent requests to the API server. */
const REQUESTS = 8;

/** A pod that a ReplicaSet may choose when it shrinks. */
export interface CostedPod {
  readonly uid: string;
  readonly name: string;
  readonly deletionCost: number;
}

/**
 * Tells Kubernetes which pods of a ReplicaSet to remove first: those with the fewest connections get the lowest
 * `controller.kubernetes.io/pod-deletion-cost`. It is only a hint: a failed write is retried with the next change.
 */
export class DeletionCosts {
  readonly #kube: Kube;
  readonly #namespace: string;
  readonly #pods: () => readonly CostedPod[];
  readonly #trouble: Trouble;
  #nextAt = 0;
  #writing: Promise<void> | undefined;
  #closed = false;

  constructor(options: { kube: Kube; namespace: string; pods: () => readonly CostedPod[]; log: Logger }) {
    this.#kube = options.kube;
    this.#namespace = options.namespace;
    this.#pods = options.pods;
    this.#trouble = new Trouble(options.log);
  }

  /** Takes the connections by pod uid; pods without an entry have none. Call it whenever they are known. */
  update(connections: ReadonlyMap<string, number>): void {
    if (this.#closed || this.#writing !== undefined || performance.now() < this.#nextAt) return;
    const changes = costChanges(this.#pods(), connections);
    if (changes.length === 0) return;
    this.#nextAt = performance.now() + EVERY_MS;
    this.#writing = this.#write(changes).finally(() => {
      this.#writing = undefined;
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#writing;
  }

  async #write(changes: readonly CostedPod[]): Promise<void> {
    try {
      await inParallel(REQUESTS, changes, async (pod) => {
        if (!this.#closed) await this.#writeOne(pod);
      });
      this.#trouble.recovered({ event: 'deletion-costs-written' }, 'deletion costs can be written again');
    } catch (error) {
      if (this.#closed) return;
      const action = 'see the message; until then a ReplicaSet that shrinks may remove a busy pod';
      this.#trouble.failed(
        { event: 'deletion-costs-not-written', error, action },
        `the deletion costs of pods cannot be written: ${messageOf(error)}`,
      );
    }
  }

  async #writeOne({ uid, name, deletionCost }: CostedPod): Promise<void> {
    const ref = { resource: RESOURCES.pods, namespace: this.#namespace, name, uid };
    try {
      await annotateObject(this.#kube, ref, { [ANNOTATIONS.deletionCost]: String(deletionCost) });
    } catch (error) {
      // The pod has ended meanwhile, or is another one with the same name.
      const status = refusalOf(error)?.status;
      if (status !== 404 && status !== 409) throw error;
    }
  }
}

/**
 * The pods whose cost has to change so that clearly fewer connections mean a lower cost: none while the present costs
 * do that, otherwise those whose own cost is off. A pod is written only if its count has changed by more than a step
 * since the last write.
 */
export function costChanges(pods: readonly CostedPod[], connections: ReadonlyMap<string, number>): CostedPod[] {
  const wanted = pods.map((pod) => ({ pod, cost: costOf(connections.get(pod.uid) ?? 0) }));
  const byCost = [...wanted].sort((a, b) => a.cost - b.cost);
  // The highest present cost of pods with clearly fewer connections: two costs that are each off may differ by this
  // much.
  let [below, highest] = [0, Number.NEGATIVE_INFINITY];
  const inOrder = byCost.every(({ pod, cost }) => {
    for (let less = byCost[below]; less !== undefined && cost - less.cost > 2 * TOLERANCE; less = byCost[++below])
      highest = Math.max(highest, less.pod.deletionCost);
    return highest < pod.deletionCost;
  });
  if (inOrder) return [];
  return wanted
    .filter(({ pod, cost }) => Math.abs(pod.deletionCost - cost) > TOLERANCE)
    .map(({ pod, cost }) => ({ ...pod, deletionCost: cost }));
}

function costOf(connections: number): number {
  return Math.round(Math.log(1 + connections) / Math.log(STEP));
}
