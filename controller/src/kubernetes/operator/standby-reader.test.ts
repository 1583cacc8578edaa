import { createRing, encodeRing, type RingMessage, SLOTS, WsClusterError } from '@wscluster/ring';
import { silentLogger } from '@wscluster/service';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Call, Kube } from '../client/kube.ts';
import type { ClusterResource } from './resource.ts';
import type { OpenTransport } from './servers.ts';
import { StandbyReader } from './standby-reader.ts';

const SECRET = { name: 'brokers', key: 'url' };
const TEMPLATE = { spec: { containers: [{ name: 'chat', image: 'chat:1' }] } };

/** A resource of this generation; an unusable one cannot be served, and `redis` is the key of its Secret. */
function resource(generation: number, { usable = true, redis = 'redis' } = {}): ClusterResource {
  return {
    ...{ id: 'shop.chat', namespace: 'shop', name: 'chat', uid: 'u', resourceVersion: '1', generation },
    ...{ deleting: false, finalizers: [], status: undefined },
    spec: {
      nodes: usable ? { replicas: generation, template: TEMPLATE } : { image: 'not here' },
      bus: { rabbitmq: { secretRef: { ...SECRET, key: 'amqp' } } },
      store: { redis: { secretRef: { ...SECRET, key: redis } } },
    },
  };
}

function ringAt(version: number): RingMessage {
  const member = { ringId: 0, nodeId: 'a', address: '127.0.0.1:1', weight: 1, state: 'ready' } as const;
  const revision = { epoch: 1, version };
  return encodeRing(createRing(revision, [member], new Uint16Array(SLOTS)), {
    cluster: 'shop.chat',
    release: { movableUpTo: revision, spreadMs: 0, maxPerSecond: 0 },
    settings: { routes: [] },
    vacancies: [],
  });
}

describe('what a standby on Kubernetes reads', () => {
  let values: Record<string, string>;
  let ring: RingMessage | undefined;
  /** Resolves when the store answers. */
  let answer: Promise<void>;
  let opened: string[];
  let closed: string[];
  let looks: number;
  let reader: StandbyReader;
  beforeEach(() => {
    vi.useFakeTimers();
    values = { amqp: 'amqp://rabbit', redis: 'redis://one', other: 'redis://two', bad: 'redis://one/not-a-number' };
    ring = ringAt(1);
    answer = Promise.resolve();
    opened = [];
    closed = [];
    looks = 0;
    const call = async (_call: Call) => {
      const data = Object.entries(values).map(([key, value]) => [key, Buffer.from(value).toString('base64')]);
      return { metadata: {}, data: Object.fromEntries(data) };
    };
    const openTransport: OpenTransport = ({ redisUrl: { value: url } }) => ({
      openHub: () => expect.unreachable(),
      openStore: () => {
        opened.push(url);
        if (url.endsWith('not-a-number')) throw new WsClusterError('CONFIG_INVALID', 'no such database');
        return {
          load: async () => ring,
          revision: async () => {
            looks++;
            await answer;
            return ring?.revision;
          },
          save: () => expect.unreachable(),
          saveRelease: () => expect.unreachable(),
          close: async () => void closed.push(url),
        };
      },
    });
    reader = new StandbyReader({ kube: { call } as unknown as Kube, log: silentLogger, openTransport });
  });
  afterEach(async () => {
    await reader.rest();
    expect(vi.getTimerCount(), 'timers that are left').toBe(0);
    expect(closed, 'stores that are closed').toEqual(opened.filter((url) => !url.endsWith('not-a-number')));
    vi.useRealTimers();
  });

  const version = () => reader.view?.ring.revision.version;
  const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

  test('is the newest ring, by the spec of the resource', async () => {
    await reader.look(resource(1));
    expect([version(), reader.view?.generation]).toEqual([1, 1]);
    ring = ringAt(2);
    await reader.look(resource(2));
    expect([version(), reader.view?.generation]).toEqual([2, 2]);
    expect(opened).toEqual(['redis://one']);
  });

  test('a store that cannot be opened is tried every 10 s, or when the resource has changed, and leaves nothing', async () => {
    await expect(reader.look(resource(1, { redis: 'bad' }))).rejects.toThrow('no such database');
    for (let second = 0; second < 9; second++) {
      await pass(1_000);
      await reader.look(resource(1, { redis: 'bad' }));
    }
    expect(opened).toHaveLength(1);
    await pass(2_000);
    await expect(reader.look(resource(1, { redis: 'bad' }))).rejects.toThrow('no such database');
    expect(opened).toHaveLength(2);
    await reader.look(resource(2));
    expect([version(), opened.at(-1)]).toEqual([1, 'redis://one']);
  });

  test.each([
    ['cannot be served', { usable: false }],
    ['names a store that cannot be opened', { redis: 'bad' }],
    ['names a Secret without the key', { redis: 'missing' }],
  ])('goes on as before while the resource %s', async (_what, change) => {
    await reader.look(resource(1));
    ring = ringAt(2);
    await reader.look(resource(2, change));
    expect([version(), reader.view?.generation]).toEqual([2, 1]);
    await reader.look(resource(3, { redis: 'other' }));
    expect([closed, opened.at(-1)]).toEqual([['redis://one'], 'redis://two']);
  });

  test('a look that takes long is the only one, and the end waits for it', async () => {
    const silence = Promise.withResolvers<void>();
    answer = silence.promise;
    const first = reader.look(resource(1));
    await vi.waitFor(() => expect(looks).toBe(1), 30_000);
    await reader.look(resource(1));
    let hasEnded = false;
    const end = reader.rest().then(() => {
      hasEnded = true;
    });
    await pass(5_000);
    expect([looks, hasEnded]).toEqual([1, false]);
    silence.resolve();
    await Promise.all([first, end]);
    expect(hasEnded).toBe(true);
  });

  test('is forgotten once this process leads', async () => {
    await reader.look(resource(1));
    await reader.rest();
    expect(reader.view).toBeUndefined();
    await reader.look(resource(1));
    expect(version()).toBe(1);
  });
});
