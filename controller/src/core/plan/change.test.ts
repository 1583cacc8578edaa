import { WsClusterError } from '@wscluster/ring';
import { describe, expect, test } from 'vitest';
import { type Membership, NO_MEMBERSHIP, nextMembership } from '../membership/membership.ts';
import { membershipPolicy } from '../membership/policy.ts';
import type { Workload } from '../ports/workload-source.ts';
import { parseCluster } from '../spec/load.ts';
import { type Change, membershipsOf } from './change.ts';

const node = (id: string, phase: Workload['phase'] = 'ready', managed = true): Workload => ({
  ...{ id, phase, managed },
  address: `${id}:1`,
});
const specOf = (replicas: number) =>
  parseCluster(
    `{ apiVersion: wscluster.io/v1alpha1, kind: WsCluster, metadata: { name: chat }, spec: { nodes: { replicas: ${replicas} } } }`,
    'chat.yaml',
  ).cluster.spec;

/** The seats after a change, in a cluster that has seen these listings, a second apart. */
function seatsAfter(change: Change, listings: readonly (readonly Workload[])[], replicas = 3): Record<string, string> {
  const spec = specOf(replicas);
  const membership = listings.reduce<Membership>(
    (before, listing, second) => nextMembership(before, listing, membershipPolicy(spec), second * 1000),
    NO_MEMBERSHIP,
  );
  const listing = listings.at(-1) ?? [];
  const situation = { spec, membership, listing, connections: new Map([['b', 7]]), now: listings.length * 1000 };
  const members = membershipsOf(change, situation).at(-1)?.members ?? [];
  return Object.fromEntries(members.map(({ nodeId, ringId, state }) => [nodeId, `${ringId} ${state}`]));
}

const abc = [node('a'), node('b'), node('c')];

describe('the members after a change', () => {
  test('a new node takes the seat of one that is held on the ring though lost', () => {
    const seats = seatsAfter({ add: 1 }, [abc, [node('a')]]);
    // With it there, few enough are lost to let the other one go.
    expect(seats).toEqual({ a: '0 ready', 'new-1': '1 ready' });
  });

  test('new nodes take the vacancies, then places of their own', () => {
    const seats = seatsAfter({ add: 2 }, [abc, [node('a'), node('b', 'gone'), node('c')]]);
    expect(seats).toEqual({ a: '0 ready', 'new-1': '1 ready', c: '2 ready', 'new-2': '3 ready' });
  });

  test('a node that is removed leaves its seat to nobody', () => {
    expect(seatsAfter({ remove: 'b' }, [abc])).toEqual({ a: '0 ready', c: '2 ready' });
    const foreign = [node('a', 'ready', false), node('b', 'ready', false)];
    expect(seatsAfter({ remove: 'b' }, [foreign], 0)).toEqual({ a: '0 ready' });
  });

  test.each(['x', 'c'])('a node that is unknown or lost cannot be removed: %s', (remove) => {
    const listings = [abc, [node('a')]];
    expect(() => seatsAfter({ remove }, listings)).toThrow(WsClusterError);
    expect(() => seatsAfter({ remove }, listings)).toThrow(
      expect.objectContaining({ code: 'NOT_FOUND', field: 'change' }),
    );
  });

  test('fewer replicas let those go that have the fewest connections', () => {
    expect(seatsAfter({ replicas: 1 }, [abc])).toEqual({ b: '1 ready' });
  });

  test('a weight is that of the ring id, unless the node has one of its own', () => {
    const own = [node('a'), { ...node('b'), weight: 3 }];
    const membership = nextMembership(NO_MEMBERSHIP, own, membershipPolicy(specOf(2)), 0);
    const situation = { spec: specOf(2), membership, listing: own, connections: new Map(), now: 0 };
    const weights = membershipsOf({ weights: { a: 2, 1: 5 } }, situation)[0]?.members.map(({ weight }) => weight);
    expect(weights).toEqual([2, 3]);
  });

  test('more replicas add what is missing', () => {
    expect(seatsAfter({ replicas: 4 }, [abc])).toMatchObject({ c: '2 ready', 'new-1': '3 ready' });
  });
});
