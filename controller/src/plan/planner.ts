import { Assigner } from '@wscluster/ring';
import type { SpecStore } from '../cluster/spec-store.ts';
import type { ClusterController } from '../reconcile/cluster-controller.ts';
import { type Change, membersAfter } from './change.ts';
import { type Plan, planChange } from './plan.ts';

/** Judges changes of one running cluster without making them. */
export class Planner {
  readonly #controller: ClusterController;
  readonly #spec: SpecStore;
  /** Of its own: a dry run must not push the loop's remembered costs about. */
  readonly #assigner = new Assigner();

  constructor(controller: ClusterController, spec: SpecStore) {
    this.#controller = controller;
    this.#spec = spec;
  }

  /** Throws NOT_FOUND for an unknown node. */
  plan(change: Change): Plan {
    const { fleet, view } = this.#controller;
    const { spec } = this.#spec;
    const { membership, listing } = view;
    const after = membersAfter(change, { spec, membership, listing, connections: fleet.connectionsByNode() });
    const assign = (seats: Parameters<Assigner['assign']>[0], cap: number) => this.#assigner.assign(seats, cap);
    return planChange(view.ring, after, fleet.connectionsBySlot(), spec.rebalance.cap, assign);
  }
}
