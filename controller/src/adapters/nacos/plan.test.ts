import type { Member } from '@wscluster/ring';
import { describe, expect, test } from 'vitest';
import { instancesOf, keyOf } from './instances.ts';
import { plan } from './plan.ts';

const member = (ringId: number, state: Member['state'] = 'ready', address = `10.0.0.${ringId}:8080`): Member => ({
  ringId,
  nodeId: `node-${ringId}`,
  address,
  weight: 1,
  state,
});
const chat = { owner: 'chat', cluster: 'chat' };
const wanted = (...members: Member[]) => instancesOf(members, chat);
const nothing = { register: [], update: [], deregister: [], taken: [] };

describe('instances of members', () => {
  test('carry address, weight, state and whose they are', () => {
    expect(wanted({ ...member(3, 'unready'), weight: 2.5 })).toEqual([
      {
        ip: '10.0.0.3',
        port: 8080,
        weight: 2.5,
        enabled: true,
        healthy: false,
        metadata: { 'managed-by': 'wscluster', owner: 'chat', cluster: 'chat', 'node-id': 'node-3', 'ring-id': '3' },
      },
    ]);
  });

  test('take IPv6 addresses without brackets and in lower case, and host names', () => {
    const hosts = wanted(member(1, 'ready', '[2001:DB8::1]:80'), member(2, 'ready', 'node-2.chat:81'));
    expect(hosts.map(({ ip, port }) => [ip, port])).toEqual([
      ['2001:db8::1', 80],
      ['node-2.chat', 81],
    ]);
    expect(hosts.map(keyOf)).toEqual(['[2001:db8::1]:80', 'node-2.chat:81']);
  });

  test('at one address: the node that does not leave is meant, in whichever order they come', () => {
    const leaving = member(1, 'draining', '10.0.0.9:80');
    const arriving = member(2, 'ready', '10.0.0.9:80');
    for (const members of [
      [leaving, arriving],
      [arriving, leaving],
    ])
      expect(wanted(...members).map(({ enabled, metadata }) => [enabled, metadata['node-id']])).toEqual([
        [true, 'node-2'],
      ]);
  });
});

describe('the plan', () => {
  test('is empty when the service holds what it should', () => {
    expect(plan(wanted(member(1), member(2)), wanted(member(2), member(1)), 'chat')).toEqual(nothing);
  });

  test('registers what is missing and removes what is gone', () => {
    const [one, two] = [wanted(member(1)), wanted(member(2))];
    expect(plan(one, two, 'chat')).toEqual({ ...nothing, register: two, deregister: one });
  });

  test.each([
    ['weight', { weight: 7 }],
    ['enabled', { enabled: false }],
    ['healthy', { healthy: false }],
    ['node id', { metadata: { ...wanted(member(1))[0]?.metadata, 'node-id': 'other' } }],
  ])('updates what was edited: %s', (_what, edit) => {
    const right = wanted(member(1));
    const edited = right.map((instance) => ({ ...instance, ...edit }));
    expect(plan(edited, right, 'chat')).toEqual({ ...nothing, update: right });
  });

  test('leaves alone the metadata that others added to an instance of ours', () => {
    const right = wanted(member(1));
    const labelled = right.map((instance) => ({ ...instance, metadata: { ...instance.metadata, lane: 'blue' } }));
    expect(plan(labelled, right, 'chat')).toEqual(nothing);
    const heavier = right.map((instance) => ({ ...instance, weight: 2 }));
    expect(plan(labelled, heavier, 'chat').update).toEqual(labelled.map((instance) => ({ ...instance, weight: 2 })));
  });

  test('touches no instance of another owner, nor one without an owner', () => {
    const theirs = instancesOf([member(1)], { owner: 'game', cluster: 'game' });
    const nobodys = wanted(member(2)).map((instance) => ({ ...instance, metadata: {} }));
    expect(plan([...theirs, ...nobodys], [], 'chat')).toEqual(nothing);
  });

  test('does not overwrite an instance of somebody else at the address of a member', () => {
    const theirs = instancesOf([member(1)], { owner: 'game', cluster: 'game' });
    const ours = wanted(member(1));
    expect(plan(theirs, ours, 'chat')).toEqual({ ...nothing, taken: ours });
  });
});
