import { Assigner, type Ring } from '@wscluster/ring';
import type { GatewayFleet } from '../fleet/gateways.ts';
import type { Membership } from '../membership/membership.ts';
import type { Workload } from '../ports/workload-source.ts';
import type { SpecStore } from '../spec/spec-store.ts';
import { type Change, membersAfter } from './change.ts';
import { type Plan, planChange } from './plan.ts';

/** What a change is judged against. */
export interface Running {
  readonly fleet: GatewayFleet;
  readonly view: { readonly ring: Ring; readonly membership: Membership; readonly listing: readonly Workload[] };
}

/** Judges changes of one running cluster without making them. */
export class Planner {
  readonly #running: Running;
  readonly #spec: SpecStore;
  /** Of its own: a dry run must not push the loop's remembered costs about. */
  readonly #assigner = new Assigner();

  constructor(running: Running, spec: SpecStore) {
    this.#running = running;
    this.#spec = spec;
  }

  /** Throws NOT_FOUND for an unknown node. */
  plan(change: Change): Plan {
    const { fleet, view } = this.#running;
    const { spec } = this.#spec;
    const { membership, listing } = view;
    const connections = fleet.connectionsByNode();
    const after = membersAfter(change, { spec, membership, listing, connections, now: Date.now() });
    const assign = (seats: Parameters<Assigner['assign']>[0], cap: number) => this.#assigner.assign(seats, cap);
    return planChange(view.ring, after, fleet.connectionsBySlot(), spec.rebalance.cap, assign);
  }
}
