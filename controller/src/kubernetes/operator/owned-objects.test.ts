import { expect, test } from 'vitest';
import { RESOURCES } from '../client/resources.ts';
import { changedOwners, readOwned, textsByOwner } from './owned-objects.ts';

const owned = (
  ownerUid: string,
  name: string,
  change: { port?: number; deletionTimestamp?: string; ready?: number } = {},
) => {
  const { port = 80, ready = 0, ...metadata } = change;
  const object = readOwned(RESOURCES.services, {
    metadata: {
      ...{ name, namespace: 'shop', uid: name, resourceVersion: '1', ...metadata },
      ownerReferences: [{ apiVersion: 'v', kind: 'WsCluster', name: 'chat', uid: ownerUid, controller: true }],
    },
    spec: { port },
    ...{ status: { ready } },
  });
  if (object === undefined) throw new Error('none of ours');
  return object;
};

test.each([
  ['nothing when only a status changed', [owned('a', 'x', { ready: 1 }), owned('b', 'y')], []],
  ['the owner of what changed, and no other', [owned('a', 'x', { port: 81 }), owned('b', 'y')], ['a']],
  ['the owner of what is being deleted', [owned('a', 'x'), owned('b', 'y', { deletionTimestamp: 'now' })], ['b']],
  ['the owner of what is gone', [owned('a', 'x')], ['b']],
  ['the owner of what is new', [owned('a', 'x'), owned('b', 'y'), owned('c', 'z')], ['c']],
])('who is told of a change is %s', (_what, now, owners) => {
  const before = [owned('a', 'x'), owned('b', 'y')];
  expect([...changedOwners(textsByOwner(before), textsByOwner(now))]).toEqual(owners);
});
