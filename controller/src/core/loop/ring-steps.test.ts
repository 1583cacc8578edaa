import { EMPTY_RING, type Ring, SLOTS } from '@wscluster/ring';
import { silentLogger, steadyNow } from '@wscluster/service';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EventLog } from '../events/event-log.ts';
import { Fleet } from '../fleet/fleet.ts';
import { HEARD } from '../fleet/hearing.ts';
import { type Membership, NO_MEMBERSHIP, nextMembership } from '../membership/membership.ts';
import { membershipPolicy } from '../membership/policy.ts';
import type { Change } from '../plan/change.ts';
import { planBetween } from '../plan/plan.ts';
import { planChange } from '../plan/planner.ts';
import type { Workload } from '../ports/workload-source.ts';
import { Rollout } from '../rollout/rollout.ts';
import { planScale } from '../scale/scale.ts';
import { parseCluster } from '../spec/load.ts';
import type { ClusterSpec } from '../spec/schema.ts';
import { RingSteps } from './ring-steps.ts';

/** A cluster whose nodes and counts the test sets, with the real stages between a listing and a ring. */
class Cluster {
  spec: ClusterSpec;
  listing: readonly Workload[] = [];
  counts = new Uint32Array(SLOTS);
  known: 'all' | 'partly' | 'no' = 'all';
  membership: Membership = NO_MEMBERSHIP;
  readonly rollout = new Rollout(EMPTY_RING);
  readonly #steps: RingSteps;
  #started = 0;

  constructor(strategy: 'even' | 'lazy', nodes: number) {
    this.spec = parseCluster(
      `{ apiVersion: wscluster.io/v1alpha1, kind: WsCluster, metadata: { name: chat }, spec: { nodes: { replicas: ${nodes} }, rebalance: { strategy: ${strategy}, maxConnectionsPerSecond: 0 } } }`,
      'chat.yaml',
    ).cluster.spec;
    const cluster = this;
    const link = {
      get fleet() {
        return cluster.fleet;
      },
      askLoad: () => {},
      load: undefined,
      get hearing() {
        return { ...HEARD, uncertain: cluster.known === 'partly' };
      },
      get countsKnown() {
        return cluster.known !== 'no';
      },
      publish: async (ring: Ring) => {
        this.rollout.published(ring, { perSecond: Number.POSITIVE_INFINITY, balance: true }, performance.now());
        this.rollout.acknowledge(true, () => ({ all: 0, most: 0 }), performance.now());
      },
    };
    this.#steps = new RingSteps({ rollout: this.rollout, link, events: new EventLog(), log: silentLogger });
  }

  get ring(): Ring {
    return this.rollout.ring;
  }

  get fleet(): Fleet {
    const { members, table } = this.ring;
    const byMember = new Uint32Array(members.length);
    for (const [slot, count] of this.counts.entries()) {
      const owner = table[slot] as number;
      if (owner < members.length) byMember[owner] = (byMember[owner] as number) + count;
    }
    const byNode = new Map(members.map(({ nodeId }, index) => [nodeId, byMember[index] as number]));
    return new Fleet([], 0, {
      countsBySlot: this.counts.slice(),
      countsByNode: byNode,
      pinnedByNode: new Map(),
      portableByNode: new Map(),
      eventStreamsByNode: new Map(),
    });
  }

  start(count: number): void {
    const fresh = Array.from({ length: count }, (): Workload => {
      const id = `n${String(this.#started++).padStart(3, '0')}`;
      return { id, phase: 'ready', address: `${id}:1`, managed: true };
    });
    this.listing = [...this.listing, ...fresh];
  }

  without(ids: readonly string[]): void {
    this.listing = this.listing.filter(({ id }) => !ids.includes(id));
  }

  mark(ids: readonly string[], phase: Workload['phase']): void {
    this.listing = this.listing.map((workload) => (ids.includes(workload.id) ? { ...workload, phase } : workload));
  }

  setReplicas(replicas: number): void {
    this.spec = { ...this.spec, nodes: { ...this.spec.nodes, replicas } };
  }

  /** Runs of the loop until nothing is left to do. */
  async settle(): Promise<void> {
    for (let before: Ring | undefined; before?.digest !== this.ring.digest; ) {
      before = this.ring;
      this.membership = nextMembership(this.membership, this.listing, membershipPolicy(this.spec), steadyNow());
      await this.#steps.publish(this.#steps.plan(this.membership, this.listing, this.spec, false));
    }
    this.#steps.beat();
  }

  plan(change: Change) {
    return planChange(change, this, this.#steps);
  }

  /** What a person, the scaler and the nodes do to make the change. */
  async make(change: Change): Promise<void> {
    const { replicas } = this.spec.nodes;
    if ('add' in change) {
      this.setReplicas((replicas ?? 0) + change.add);
      this.start(change.add);
    } else if ('remove' in change) {
      this.setReplicas((replicas ?? 0) - 1);
      await this.#drain([change.remove]);
    } else if ('replicas' in change) {
      this.setReplicas(change.replicas);
      const { create, drain } = planScale({
        ...{ listing: this.listing, replicas: change.replicas, owners: new Set() },
        ...{ connections: this.fleet.connectionsByNode, drainMs: 60_000, now: steadyNow() },
      });
      this.start(create);
      await this.#drain(drain);
    } else {
      const { members } = this.membership;
      const ringIdOf = (id: string) => members.find(({ nodeId }) => nodeId === id)?.ringId ?? -1;
      const weights = Object.entries(change.weights).map(([id, weight]) => [ringIdOf(id), weight]);
      const { nodes } = this.spec;
      this.spec = {
        ...this.spec,
        nodes: { ...nodes, weights: { ...nodes.weights, ...Object.fromEntries(weights) } },
      };
    }
    await this.settle();
  }

  async #drain(ids: readonly string[]): Promise<void> {
    this.mark(ids, 'draining');
    await this.settle();
    this.without(ids);
  }
}

/** The predicted names of new nodes are new-1, new-2, ... */
function renamed(ring: Ring, known: ReadonlySet<string>): Ring {
  let fresh = 0;
  const names = new Map(
    ring.members
      .map(({ nodeId }) => nodeId)
      .filter((id) => !known.has(id))
      .sort()
      .map((id) => [id, `new-${++fresh}`]),
  );
  const members = ring.members.map((member) => ({ ...member, nodeId: names.get(member.nodeId) ?? member.nodeId }));
  return { ...ring, members };
}

const incident = fc.record({
  /** Of the nodes, one that is lost for good, or restarts. */
  lost: fc.option(fc.record({ which: fc.nat(99), phase: fc.constantFrom('gone', 'restarting') }), { nil: undefined }),
  /** It is back, or was replaced. */
  mended: fc.boolean(),
  known: fc.constantFrom('all', 'all', 'partly', 'no'),
  clients: fc.record({ seed: fc.nat(1000), every: fc.constantFrom(20, 50, 400) }),
});
const change = fc.oneof(
  fc.record({ add: fc.integer({ min: 1, max: 2 }) }),
  fc.record({ remove: fc.nat(99) }),
  fc.record({ replicas: fc.integer({ min: 1, max: 6 }) }),
  fc.record({ weigh: fc.nat(99), weight: fc.constantFrom(0.5, 1, 2) }),
);

test('a dry run predicts what the loop does, also beside lost nodes, silent gateways and unknown counts', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('even', 'lazy'),
      fc.array(fc.record({ incident, change }), { minLength: 1, maxLength: 4 }),
      async (strategy, rounds) => {
        const cluster = new Cluster(strategy, 4);
        cluster.start(4);
        await cluster.settle();
        for (const { incident, change } of rounds) {
          const { lost, mended, known, clients } = incident;
          cluster.counts = new Uint32Array(SLOTS);
          for (let slot = clients.seed; slot < SLOTS; slot += clients.every)
            cluster.counts[slot] = 1 + ((slot * 7919) % 3);
          cluster.known = known;
          const ready = cluster.listing.filter(({ phase }) => phase === 'ready');
          const victim = lost === undefined ? undefined : ready[lost.which % ready.length];
          if (victim !== undefined && ready.length > 2) cluster.mark([victim.id], lost?.phase ?? 'gone');
          await cluster.settle();
          if (mended) {
            const away = cluster.listing.filter(({ phase }) => phase !== 'ready');
            cluster.mark(
              away.filter(({ phase }) => phase === 'restarting').map(({ id }) => id),
              'ready',
            );
            cluster.start(away.filter(({ phase }) => phase === 'gone').length);
            cluster.without(away.filter(({ phase }) => phase === 'gone').map(({ id }) => id));
            await cluster.settle();
          }

          const members = cluster.membership.members.map(({ nodeId }) => nodeId);
          const named = (at: number) => members[at % members.length] ?? '';
          const asked: Change =
            'remove' in change
              ? { remove: named(change.remove) }
              : 'weigh' in change
                ? { weights: { [named(change.weigh)]: change.weight } }
                : change;
          if ('remove' in asked && members.length < 2) continue;
          const [before, { counts }] = [cluster.ring, cluster];
          const listed = new Set(cluster.listing.map(({ id }) => id));
          const { mode, unnoticed, known: howKnown, reasons, ...plan } = cluster.plan(asked);
          expect(howKnown).toBe(known);
          expect(unnoticed).toEqual({ connections: 0, exact: true });
          expect(reasons.reduce((sum, { slots }) => sum + slots, 0)).toBe(plan.slots);
          expect(reasons.reduce((sum, { connections }) => sum + connections, 0)).toBe(plan.connections);
          await cluster.make(asked);
          expect(plan).toEqual(planBetween(before, renamed(cluster.ring, listed), counts));
        }
      },
    ),
    { numRuns: 10, seed: 70, endOnFailure: true },
  );
}, 120_000);
