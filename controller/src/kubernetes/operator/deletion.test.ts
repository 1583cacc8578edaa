import { WsClusterError } from '@wscluster/ring';
import { silentLogger } from '@wscluster/service';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ApiRefusal } from '../client/api-error.ts';
import type { Call, Kube } from '../client/kube.ts';
import { FINALIZER } from '../names.ts';
import type { KnownSecrets } from './cluster-secrets.ts';
import { Deletion } from './deletion.ts';
import { EventWriter } from './event-writer.ts';
import { LeftRegistries } from './left-registries.ts';
import type { ClusterResource } from './resource.ts';
import type { RegistryRequest, Servers } from './servers.ts';

const KNOWN: KnownSecrets = { rabbitmqUrl: 'amqp://known', redisUrl: 'redis://known', nacos: undefined };
const resource: ClusterResource = {
  ...{ id: 'shop.chat', namespace: 'shop', name: 'chat', uid: 'u', resourceVersion: '1', generation: 1 },
  ...{ deleting: true, finalizers: [FINALIZER], status: undefined },
  spec: {
    nodes: { replicas: 1, template: { spec: { containers: [{ name: 'chat', image: 'chat:1' }] } } },
    bus: { rabbitmq: { secretRef: { name: 'brokers', key: 'amqp' } } },
    store: { redis: { secretRef: { name: 'brokers', key: 'redis' } } },
    registry: { nacos: { servers: ['nacos:8848'] } },
  },
};

describe('a WsCluster that was deleted', () => {
  let steps: string[];
  let values: Record<string, string> | undefined;
  let secrets: KnownSecrets | undefined;
  let nacosDown: boolean;
  let brokersDown: boolean;
  let leading: boolean;
  let deletion: Deletion;
  beforeEach(() => {
    vi.useFakeTimers();
    steps = [];
    values = { amqp: 'amqp://now', redis: 'redis://now' };
    secrets = undefined;
    nacosDown = false;
    brokersDown = false;
    leading = true;
    const call = async ({ verb, resource: { plural }, body }: Call) => {
      if (plural === 'secrets') {
        if (values === undefined) throw new ApiRefusal(404, 'NotFound', 'not found');
        const data = Object.entries(values).map(([key, value]) => [key, Buffer.from(value).toString('base64')]);
        return { metadata: {}, data: Object.fromEntries(data) };
      }
      if (plural === 'events') steps.push(`event ${(body as { reason: string }).reason}`);
      else if (verb !== 'list') steps.push(`${verb} ${plural}`);
      return { items: [] };
    };
    const kube = { call } as unknown as Kube;
    const servers: Servers = {
      transportOf: () => expect.unreachable(),
      openRegistry: async ({ owner }: RegistryRequest) => ({
        sync: async () => {},
        clear: async () => {
          if (nacosDown) throw new WsClusterError('REGISTRY_UNAVAILABLE', 'no answer');
          steps.push(`clear ${owner}`);
        },
        close: async () => {},
      }),
      forget: async (cluster, { rabbitmqUrl }) => {
        if (brokersDown) throw new WsClusterError('BUS_UNAVAILABLE', 'no answer');
        steps.push(`forget ${cluster} at ${rabbitmqUrl}`);
      },
    };
    const log = silentLogger;
    deletion = new Deletion({
      ...{ kube, log, servers, events: new EventWriter(kube, 'c-1', log) },
      left: new LeftRegistries({ kube, log, servers, cluster: resource }),
      lead: {
        get leading() {
          return leading;
        },
      },
      resource: () => resource,
      served: () => undefined,
      secrets: () => secrets,
      endCandidate: async () => {
        steps.push('end the reign');
      },
    });
  });
  afterEach(async () => {
    await deletion.stop();
    vi.useRealTimers();
  });

  const pass = async (ms: number) => {
    deletion.signal();
    await vi.advanceTimersByTimeAsync(ms);
  };
  /** What failed is tried again after some tens of milliseconds, real ones. */
  const letGo = () => vi.waitUntil(() => steps.includes('patch wsclusters'), { timeout: 30_000, interval: 5 });
  const CLEANED = ['end the reign', 'delete deployments', 'clear shop.chat'];

  test('is let go after all that it has outside of Kubernetes, its pods first', async () => {
    await pass(10);
    expect(steps).toEqual([...CLEANED, 'forget shop.chat at amqp://now', 'patch wsclusters']);
    expect(deletion.problem).toBeUndefined();
  });

  test('is left to the leader, and taken up by who leads next', async () => {
    leading = false;
    await pass(3_000);
    expect(new Set(steps)).toEqual(new Set(['end the reign']));
    leading = true;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(steps).toContain('patch wsclusters');
  });

  test('waits for Nacos and says why, not for the brokers', async () => {
    nacosDown = true;
    brokersDown = true;
    await pass(10);
    expect(steps).not.toContain('patch wsclusters');
    expect(deletion.problem).toEqual({
      reason: 'RegistryUnavailable',
      message: 'it cannot be deleted yet: no answer',
    });
    nacosDown = false;
    await letGo();
    expect(steps).toContain('clear shop.chat');
    expect(deletion.problem).toBeUndefined();
  });

  test('is cleaned up by what was known of its Secrets when they are gone', async () => {
    values = undefined;
    secrets = KNOWN;
    await pass(10);
    expect(steps).toEqual([...CLEANED, 'forget shop.chat at amqp://known', 'patch wsclusters']);
  });

  test('is let go after a minute when its Secrets are gone and were never known', async () => {
    values = undefined;
    await pass(10);
    expect(deletion.problem).toMatchObject({ reason: 'SecretUnusable' });
    expect(steps).not.toContain('patch wsclusters');
    await vi.advanceTimersByTimeAsync(60_000);
    await letGo();
    expect(steps.slice(-2)).toEqual(['event CleanupGivenUp', 'patch wsclusters']);
  });
});
