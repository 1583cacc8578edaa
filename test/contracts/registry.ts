import type { Registry } from '@wscluster/controller';
import type { Member } from '@wscluster/ring';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

export interface RegisteredInstance {
  readonly address: string;
  readonly healthy: boolean;
  readonly enabled: boolean;
  readonly weight: number;
}

/** What people and other programs see and do in the registry itself, past the adapter. Each resolves when it shows. */
export interface OthersAtRegistry {
  /** All instances of the service, disabled ones included. */
  instances(): Promise<RegisteredInstance[]>;
  /** What a consumer gets who looks the service up. */
  consumerSees(): Promise<RegisteredInstance[]>;
  /** Registers an instance that is not ours. */
  register(address: string): Promise<void>;
  edit(address: string, to: Omit<RegisteredInstance, 'address'>): Promise<void>;
  /** Overwrites what the metadata say of the node. */
  editMetadata(address: string, metadata: Readonly<Record<string, string>>): Promise<void>;
  metadataOf(address: string): Promise<Readonly<Record<string, string>>>;
  remove(address: string): Promise<void>;
  /** Whether the registry still knows the service, empty or not. */
  knowsService(): Promise<boolean>;
}

export interface RegistryHarness {
  /** `owner`: whose instances they are; default chat. All in one service. */
  open(owner?: string): Promise<Registry>;
  /** An adapter without a registry has none. */
  readonly others?: OthersAtRegistry;
  dispose(): Promise<void>;
}

export const member = (ringId: number, state: Member['state'] = 'ready', weight = 1): Member => ({
  ringId,
  nodeId: `node-${ringId}`,
  address: `127.0.0.1:${9000 + ringId}`,
  weight,
  state,
});

const instance = (address: string, differently: Partial<RegisteredInstance> = {}): RegisteredInstance => ({
  address,
  healthy: true,
  enabled: true,
  weight: 1,
  ...differently,
});

/** Every Registry passes this. `observable`: the harness can look at the registry past the adapter. */
export function registryContract(name: string, observable: boolean, create: () => Promise<RegistryHarness>): void {
  describe(`${name} as a registry`, () => {
    let harness: RegistryHarness;
    let registry: Registry;
    const opened: Registry[] = [];
    beforeEach(async () => {
      harness = await create();
      registry = await open();
    });
    afterEach(async () => {
      await Promise.all(opened.splice(0).map((one) => one.close()));
      await harness.dispose();
    });
    const open = async (owner?: string) => {
      const one = await harness.open(owner);
      opened.push(one);
      return one;
    };
    const revision = { epoch: 1, version: 1 };
    const sync = (...members: Member[]) => registry.sync(members, revision);

    test('takes the members, the same ones again, others, and none', async () => {
      for (const members of [[member(0)], [member(0)], [member(1)], []])
        await expect(registry.sync(members, revision)).resolves.toBeUndefined();
      await expect(registry.clear()).resolves.toBeUndefined();
    });

    test('can be cleared before anything was registered, twice, and used again after', async () => {
      await registry.clear();
      await registry.clear();
      await expect(sync(member(0))).resolves.toBeUndefined();
      await registry.clear();
    });

    // Not skipped but not made: without a registry there is nothing to look at.
    if (!observable) return;

    const others = () => {
      if (harness.others === undefined) throw new Error('the harness of an observable registry has `others`');
      return harness.others;
    };
    const byAddress = (list: RegisteredInstance[]) => list.sort((a, b) => a.address.localeCompare(b.address));
    const instances = async () => byAddress(await others().instances());
    const addresses = async () => (await instances()).map(({ address }) => address);

    test('a ready member is enabled and healthy, an unready one unhealthy, a draining one disabled', async () => {
      await sync(member(0, 'ready', 3), member(1, 'unready'), member(2, 'draining'));
      expect(await instances()).toEqual([
        instance('127.0.0.1:9000', { weight: 3 }),
        instance('127.0.0.1:9001', { healthy: false }),
        instance('127.0.0.1:9002', { enabled: false }),
      ]);
    });

    test('an instance follows each change of its member, back and forth', async () => {
      for (const [state, weight] of [
        ['ready', 1],
        ['unready', 1],
        ['ready', 2.5],
        ['draining', 2.5],
        ['ready', 0.01],
        ['draining', 1000],
        ['unready', 1],
      ] as const) {
        await sync(member(0, state, weight));
        expect(await instances()).toEqual([
          instance('127.0.0.1:9000', { healthy: state !== 'unready', enabled: state !== 'draining', weight }),
        ]);
      }
    });

    test('a consumer finds the nodes, without those that drain', async () => {
      await sync(member(0), member(1, 'unready'), member(2, 'draining'));
      expect(byAddress(await others().consumerSees())).toEqual([
        instance('127.0.0.1:9000'),
        instance('127.0.0.1:9001', { healthy: false }),
      ]);
    });

    test('members that are gone are removed, and all of them by clear, which leaves nothing behind', async () => {
      await sync(member(0), member(1));
      await sync(member(1));
      expect(await addresses()).toEqual(['127.0.0.1:9001']);
      await registry.clear();
      expect(await instances()).toEqual([]);
      expect(await others().knowsService()).toBe(false);
    });

    test('what somebody removes is back after the next sync', async () => {
      await sync(member(0), member(1));
      await others().remove('127.0.0.1:9000');
      await sync(member(0), member(1));
      expect(await addresses()).toEqual(['127.0.0.1:9000', '127.0.0.1:9001']);
    });

    test('what somebody edits is put right by the next sync', async () => {
      await sync(member(0));
      await others().edit('127.0.0.1:9000', { healthy: false, enabled: false, weight: 9 });
      await sync(member(0));
      expect(await instances()).toEqual([instance('127.0.0.1:9000')]);
      await others().editMetadata('127.0.0.1:9000', { 'node-id': 'wrong', lane: 'blue' });
      await sync(member(0));
      // What others have added to it they may keep.
      expect(await others().metadataOf('127.0.0.1:9000')).toEqual({
        'managed-by': 'wscluster',
        owner: 'chat',
        cluster: 'chat',
        'node-id': 'node-0',
        'ring-id': '0',
        lane: 'blue',
      });
    });

    test('an edit by hand does not outlive the instance: the next node at that address is as its member says', async () => {
      await sync(member(0));
      await others().edit('127.0.0.1:9000', { healthy: true, enabled: false, weight: 9 });
      await sync();
      await sync({ ...member(0), nodeId: 'another' });
      expect(await instances()).toEqual([instance('127.0.0.1:9000')]);
      expect(await others().metadataOf('127.0.0.1:9000')).toMatchObject({ 'node-id': 'another' });
    });

    test('instances of others stay as they are, also where a member has the same address', async () => {
      await others().register('10.0.0.1:80');
      await others().register('127.0.0.1:9001');
      await sync(member(0), member(1, 'draining', 5));
      await sync(member(0), member(1, 'draining', 5));
      // The health of theirs is not ours to say: the registry may have looked already, and nothing listens there.
      expect(await instances()).toMatchObject([
        { address: '10.0.0.1:80', enabled: true, weight: 1 },
        instance('127.0.0.1:9000'),
        { address: '127.0.0.1:9001', enabled: true, weight: 1 },
      ]);
      await registry.clear();
      expect(await addresses()).toEqual(['10.0.0.1:80', '127.0.0.1:9001']);
      await others().remove('10.0.0.1:80');
      await others().remove('127.0.0.1:9001');
    });

    test('two clusters in one service keep to their own instances', async () => {
      const game = await open('game');
      await Promise.all([sync(member(0), member(1)), game.sync([member(2), member(3)], revision)]);
      await Promise.all([sync(member(1)), game.sync([member(3, 'unready')], revision)]);
      expect(await instances()).toEqual([instance('127.0.0.1:9001'), instance('127.0.0.1:9003', { healthy: false })]);
      await registry.clear();
      expect(await addresses()).toEqual(['127.0.0.1:9003']);
      await game.clear();
      expect(await instances()).toEqual([]);
    });

    test('a controller that takes over finds the instances of the one before and goes on with them', async () => {
      await sync(member(0), member(1));
      await registry.close();
      const next = await open();
      await next.sync([member(1, 'unready'), member(2)], revision);
      expect(await instances()).toEqual([instance('127.0.0.1:9001', { healthy: false }), instance('127.0.0.1:9002')]);
    });

    test('200 members come, change and go', async () => {
      const members = Array.from({ length: 200 }, (_, ringId) => member(ringId));
      await sync(...members);
      expect(await addresses()).toHaveLength(200);
      await sync(...members.map((one) => ({ ...one, state: one.ringId % 2 === 0 ? ('unready' as const) : one.state })));
      expect((await instances()).filter(({ healthy }) => !healthy)).toHaveLength(100);
      await registry.clear();
      expect(await instances()).toEqual([]);
    });

    test('IPv6 addresses and host names are registered as they are dialled', async () => {
      const at = (ringId: number, address: string) => ({ ...member(ringId), address });
      await sync(at(0, '[2001:db8::a]:8080'), at(1, 'node-1.chat.svc:8080'), at(2, '[::1]:1'));
      expect(await addresses()).toEqual(['[::1]:1', '[2001:db8::a]:8080', 'node-1.chat.svc:8080']);
      await sync(at(1, 'node-1.chat.svc:8080'));
      expect(await addresses()).toEqual(['node-1.chat.svc:8080']);
    });
  });
}
