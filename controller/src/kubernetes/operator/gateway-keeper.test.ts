import { WsClusterError } from '@wscluster/ring';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ApiRefusal } from '../client/api-error.ts';
import type { Call, Kube } from '../client/kube.ts';
import type { KubeObject } from '../client/object.ts';
import { RESOURCES } from '../client/resources.ts';
import { GatewayKeeper, type WantedObject } from './gateway-keeper.ts';
import { type OwnedObject, readOwned } from './owned-objects.ts';

type Service = KubeObject & { spec: { port: number } };

const owner = {
  apiVersion: 'wscluster.io/v1alpha1',
  kind: 'WsCluster',
  name: 'chat',
  uid: 'chat-uid',
  controller: true,
};
const wanted = (name = 'chat-gateway'): WantedObject => ({
  object: {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'shop', ...{ ownerReferences: [owner] } },
    ...{ spec: { port: 80 } },
  },
});

/** The Services of a namespace: an apply sets port and owner. */
class Services {
  readonly there = new Map<string, Service>();
  readonly calls: string[] = [];
  onApply = (_service: Service) => {};
  #version = 0;

  readonly kube = { call: (call: Call) => this.#answer(call) } as unknown as Kube;

  put(name: string, change: Partial<KubeObject['metadata']>, port = 80): Service {
    const before = this.there.get(name);
    const metadata = { name, namespace: 'shop', uid: `${name}-uid`, ...before?.metadata, ...change };
    const service = {
      kind: 'Service',
      metadata: { ...metadata, resourceVersion: `${++this.#version}` },
      spec: { port },
    };
    this.there.set(name, service);
    return service;
  }

  get owned(): OwnedObject[] {
    return [...this.there.values()]
      .map((service) => readOwned(RESOURCES.services, service))
      .filter((own) => own !== undefined)
      .filter(({ ownerUid }) => ownerUid === owner.uid);
  }

  count(verb: string): number {
    return this.calls.filter((call) => call.startsWith(verb)).length;
  }

  async #answer({ verb, name = '' }: Call): Promise<unknown> {
    this.calls.push(`${verb} ${name}`);
    const there = this.there.get(name);
    if (verb === 'delete') return this.there.delete(name);
    if (verb === 'get') {
      if (there === undefined) throw new ApiRefusal(404, 'NotFound', 'not found');
      return there;
    }
    const same = there?.spec.port === 80 && there.metadata.ownerReferences !== undefined;
    const applied = same ? there : this.put(name, { ownerReferences: [owner] });
    if (!same) this.onApply(applied);
    return applied;
  }
}

describe('the objects of the gateways', () => {
  let services: Services;
  let lines: { event: string; level: number; msg: string }[];
  let all: WantedObject[];
  let leading: boolean;
  let known: boolean;
  let keeper: GatewayKeeper | undefined;
  beforeEach(() => {
    vi.useFakeTimers();
    services = new Services();
    lines = [];
    all = [wanted()];
    leading = true;
    known = true;
  });
  afterEach(async () => {
    await keeper?.close();
    vi.useRealTimers();
  });

  function keep(): GatewayKeeper {
    keeper = new GatewayKeeper({
      kube: services.kube,
      log: pino({}, { write: (line) => void lines.push(JSON.parse(line)) }),
      wanted: () => all,
      existing: () => (known ? services.owned : undefined),
      unknown: () => 'services is forbidden',
      leading: () => leading,
    });
    return keeper;
  }
  const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
  const events = () => lines.map(({ event }) => event);

  test('are put right when they are changed or deleted by hand', async () => {
    keep();
    await pass(1);
    expect(services.there.get('chat-gateway')?.spec.port).toBe(80);
    expect(events()).toEqual([]);
    await pass(5_000);
    services.put('chat-gateway', {}, 81);
    keeper?.look();
    await pass(1);
    expect(services.there.get('chat-gateway')?.spec.port).toBe(80);
    await pass(200_000);
    services.there.clear();
    keeper?.look();
    await pass(1);
    expect(services.there.get('chat-gateway')?.spec.port).toBe(80);
    expect(events()).toEqual(['object-restored', 'object-restored']);
  });

  test('that somebody else changes each time are put right less and less often, which is told once', async () => {
    let quarrel = true;
    services.onApply = () => {
      setTimeout(() => {
        if (quarrel) services.put('chat-gateway', {}, 81);
        keeper?.look();
      }, 5);
    };
    keep();
    await pass(600_000);
    expect(services.count('patch')).toBeGreaterThan(8);
    expect(services.count('patch')).toBeLessThan(20);
    expect(events()).toEqual(['object-restored', 'object-restored', 'object-contested']);
    quarrel = false;
    await pass(200_000);
    expect(services.there.get('chat-gateway')?.spec.port).toBe(80);
    expect(events()).toEqual(['object-restored', 'object-restored', 'object-contested', 'object-settled']);
  });

  test('wait for the end of one that is being deleted', async () => {
    keep();
    await pass(5_000);
    services.calls.length = 0;
    services.put('chat-gateway', { deletionTimestamp: '2026-01-01T00:00:00Z' });
    keeper?.look();
    await pass(50_000);
    expect(services.calls).toEqual([]);
    services.there.clear();
    keeper?.look();
    await pass(1);
    expect(services.there.get('chat-gateway')?.metadata.deletionTimestamp).toBeUndefined();
    expect(services.count('patch')).toBe(1);
  });

  test('do not take over what somebody else made under their name, and that holds up no other', async () => {
    services.put('chat-gateway', { labels: { app: 'theirs' } }, 81);
    all = [wanted(), wanted('chat-other')];
    keep();
    await pass(1);
    expect(services.there.get('chat-gateway')).toMatchObject({
      spec: { port: 81 },
      metadata: { labels: { app: 'theirs' } },
    });
    expect(services.there.get('chat-gateway')?.metadata.ownerReferences).toBeUndefined();
    expect(services.there.get('chat-other')?.spec.port).toBe(80);
    expect(keeper?.problem).toContain('the Service chat-gateway in the namespace shop was created by somebody else');
    expect(events()).toEqual(['gateways-not-kept']);
    services.there.delete('chat-gateway');
    vi.useRealTimers();
    await vi.waitFor(() => expect(keeper?.problem).toBeUndefined(), 30_000);
    expect(services.there.get('chat-gateway')?.spec.port).toBe(80);
    expect(events()).toEqual(['gateways-not-kept', 'gateways-kept-again']);
  });

  test('of ours from which the owner was removed by hand are taken back; of another owner they are not', async () => {
    const labels = { 'app.kubernetes.io/managed-by': 'wscluster' };
    services.put('chat-gateway', { labels }, 81);
    services.put('chat-other', { labels, ownerReferences: [{ ...owner, uid: 'former' }] }, 81);
    all = [wanted(), wanted('chat-other')];
    keep();
    await pass(1);
    expect(services.there.get('chat-gateway')?.spec.port).toBe(80);
    expect(services.there.get('chat-other')?.spec.port).toBe(81);
    expect(keeper?.problem).toContain('belongs to the WsCluster chat (uid former)');
  });

  test('are not written once the lead is lost, not even the rest of them', async () => {
    all = [wanted(), wanted('chat-other')];
    services.onApply = () => {
      leading = false;
    };
    keep();
    await pass(100);
    expect(services.calls.filter((call) => !call.startsWith('get'))).toEqual(['patch chat-gateway']);
  });

  test('are a problem when it is not known what there is', async () => {
    known = false;
    keep();
    await pass(4_000);
    expect(keeper?.problem).toBeUndefined();
    await pass(3_000);
    expect(keeper?.problem).toContain('services is forbidden');
    expect(services.calls).toEqual([]);
    known = true;
    await pass(2_000);
    expect(keeper?.problem).toBeUndefined();
    expect(events()).toEqual(['gateways-not-kept', 'gateways-kept-again']);
  });

  test('have one line in the log for a failure whose text changes', async () => {
    let tries = 0;
    const kube = {
      call: async () => {
        throw new WsClusterError('SOURCE_UNAVAILABLE', `no answer ${++tries}`);
      },
    } as unknown as Kube;
    vi.useRealTimers();
    services = Object.assign(new Services(), { kube });
    keep();
    await vi.waitFor(() => expect(tries).toBeGreaterThan(2), 30_000);
    expect(events()).toEqual(['gateways-not-kept']);
  });

  test('that are wanted no more are deleted, but not twice', async () => {
    services.put('old', { ownerReferences: [owner] });
    services.put('ending', { ownerReferences: [owner], deletionTimestamp: '2026-01-01T00:00:00Z' });
    keep();
    await pass(1);
    expect(services.calls.filter((call) => call.startsWith('delete'))).toEqual(['delete old']);
  });
});
