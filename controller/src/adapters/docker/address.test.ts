import { describe, expect, test } from 'vitest';
import { addressOf } from './address.ts';
import type { ContainerFacts } from './facts.ts';

const container: ContainerFacts = {
  id: 'c1',
  name: 'chat-1',
  image: 'chat:1',
  labels: {},
  createdAt: 0,
  startedAt: 1,
  running: true,
  ended: false,
  exitCode: 0,
  paused: false,
  health: 'none',
  stopSignal: 15,
  networkMode: 'chat',
  networks: [{ name: 'chat', ip: '172.18.0.2' }],
  publishedPorts: {},
};
const byNetwork = { addressFrom: 'network', publishedHost: '127.0.0.1' } as const;
const byPort = { addressFrom: 'publishedPort', publishedHost: 'docker.example' } as const;
const two = [
  { name: 'front', ip: '172.19.0.2' },
  { name: 'back', ip: '172.20.0.2' },
];

describe('the address of a container on its network', () => {
  test('is its IP on the only network', () => {
    expect(addressOf(container, 8080, byNetwork)).toEqual({ address: '172.18.0.2:8080' });
  });

  test('of several networks is that of the one in the settings; without one they are named', () => {
    const onTwo = { ...container, networks: two };
    expect(addressOf(onTwo, 8080, { ...byNetwork, network: 'back' })).toEqual({ address: '172.20.0.2:8080' });
    expect(addressOf(onTwo, 8080, byNetwork)).toMatchObject({ missing: expect.stringContaining('front, back') });
  });

  test('has brackets when it is IPv6', () => {
    const networks = [{ name: 'six', ip: 'fd00::2' }];
    expect(addressOf({ ...container, networks }, 8080, byNetwork)).toEqual({ address: '[fd00::2]:8080' });
  });

  test('is the host on the network of the host', () => {
    expect(addressOf({ ...container, networkMode: 'host' }, 8080, byNetwork)).toEqual({ address: '127.0.0.1:8080' });
  });

  test.each([
    ['on another network', { ...container }, { ...byNetwork, network: 'other' }, 'docker network connect other chat-1'],
    ['on no network', { ...container, networks: [] }, byNetwork, 'docker network connect'],
    ['without an IP', { ...container, networks: [{ name: 'chat', ip: undefined }] }, byNetwork, 'docker inspect'],
    [
      'in the network of another',
      { ...container, networkMode: 'container:ab', networks: [] },
      byNetwork,
      'its own network',
    ],
  ])('is missing %s, and it says what to do', (_, facts, settings, action) => {
    expect(addressOf(facts, 8080, settings)).toMatchObject({ action: expect.stringContaining(action) });
  });
});

describe('the address of a published port', () => {
  const published = (...bindings: { ip: string; port: number }[]) => ({
    ...container,
    publishedPorts: { '8080/tcp': bindings },
  });

  test('is on the published host when it is bound everywhere, IPv4 first', () => {
    const facts = published({ ip: '::', port: 49_154 }, { ip: '0.0.0.0', port: 49_153 });
    expect(addressOf(facts, 8080, byPort)).toEqual({ address: 'docker.example:49153' });
  });

  test('is where it is bound when that is one address', () => {
    expect(addressOf(published({ ip: '127.0.0.1', port: 49_153 }), 8080, byPort)).toEqual({
      address: '127.0.0.1:49153',
    });
    expect(addressOf(published({ ip: '::1', port: 49_153 }), 8080, byPort)).toEqual({ address: '[::1]:49153' });
  });

  test('is missing when the port is not published', () => {
    expect(addressOf(published(), 8080, byPort)).toMatchObject({ missing: expect.stringContaining('8080/tcp') });
    expect(addressOf(published({ ip: '', port: 1 }), 9090, byPort)).toMatchObject({
      action: expect.stringContaining('-p 9090'),
    });
  });
});
