import { messageOf } from '@wscluster/ring';
import { inParallel, type Logger, Trouble } from '@wscluster/service';
import { refusalOf } from '../client/api-error.ts';
import type { Kube } from '../client/kube.ts';
import { annotateObject } from '../client/objects.ts';
import { RESOURCES } from '../client/resources.ts';
import { ANNOTATIONS } from '../names.ts';

/** At most one round of writes in this time, ms: each is a request, and an event for all who watch the pods. */
const EVERY_MS = 10_000;
/** Counts that differ by less than this factor are equal: the order of pods that are about equal matters to nobody. */
const STEP = 1.25;
/** A cost may be off by so many steps: counts that come and go at the edge of one are no news. */
const TOLERANCE = 1;
/** Requests to the API server at once. */
const REQUESTS = 8;

/** A pod that a ReplicaSet may choose when it shrinks. */
export interface CostedPod {
  readonly uid: string;
  readonly name: string;
  readonly deletionCost: number;
}

/**
 * Tells Kubernetes which pods of a ReplicaSet are missed least: those with the fewest connections get the lowest
 * `controller.kubernetes.io/pod-deletion-cost`. Only a help: what fails is tried at the next change.
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

  /** Takes in the connections by pod uid; a pod that is not named has none. Call it as often as they are known. */
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
      // It has ended meanwhile, or is another one of its name.
      const status = refusalOf(error)?.status;
      if (status !== 404 && status !== 409) throw error;
    }
  }
}

/**
 * The pods whose cost has to change so that clearly fewer connections cost less: none while the present costs say so, else
 * those whose own is off. A pod is written only when its count has changed by more than a step since it was written last.
 */
export function costChanges(pods: readonly CostedPod[], connections: ReadonlyMap<string, number>): CostedPod[] {
  const wanted = pods.map((pod) => ({ pod, cost: costOf(connections.get(pod.uid) ?? 0) }));
  const byCost = [...wanted].sort((a, b) => a.cost - b.cost);
  // The highest present cost of those that are clearly missed less: two that are each off may be so far apart.
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
