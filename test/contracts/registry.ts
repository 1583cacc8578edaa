import type { Registry } from '@wscluster/controller';
import type { Member } from '@wscluster/ring';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

export interface RegisteredInstance {
  readonly address: string;
  readonly healthy: boolean;
  readonly enabled: boolean;
  readonly weight: number;
}

export interface RegistryHarness {
  open(): Promise<Registry>;
  /** What the registry itself says of this cluster, asked past the adapter. An adapter without one has none. */
  instances?(): Promise<RegisteredInstance[]>;
  dispose(): Promise<void>;
}

const member = (ringId: number, state: Member['state'], weight = 1): Member => ({
  ringId,
  nodeId: `node-${ringId}`,
  address: `127.0.0.1:${9000 + ringId}`,
  weight,
  state,
});

/** Every Registry passes this. `observable`: the harness can ask the registry for its instances. */
export function registryContract(name: string, observable: boolean, create: () => Promise<RegistryHarness>): void {
  describe(`${name} as a registry`, () => {
    let harness: RegistryHarness;
    let registry: Registry;
    beforeEach(async () => {
      harness = await create();
      registry = await harness.open();
    });
    afterEach(async () => {
      await registry.close();
      await harness.dispose();
    });
    const revision = { epoch: 1, version: 1 };
    const instances = async () =>
      ((await harness.instances?.()) ?? []).sort((a, b) => a.address.localeCompare(b.address));

    test('takes the members, the same ones again, others, and none', async () => {
      for (const members of [[member(0, 'ready')], [member(0, 'ready')], [member(1, 'ready')], []])
        await expect(registry.sync(members, revision)).resolves.toBeUndefined();
      await expect(registry.clear()).resolves.toBeUndefined();
    });

    // Not skipped but not made: without a registry there is nothing to look at.
    if (!observable) return;

    test('a ready member is enabled and healthy, an unready one unhealthy, a draining one disabled', async () => {
      await registry.sync([member(0, 'ready', 3), member(1, 'unready'), member(2, 'draining')], revision);
      expect(await instances()).toEqual([
        { address: '127.0.0.1:9000', healthy: true, enabled: true, weight: 3 },
        { address: '127.0.0.1:9001', healthy: false, enabled: true, weight: 1 },
        { address: '127.0.0.1:9002', healthy: true, enabled: false, weight: 1 },
      ]);
    });

    test('members that are gone are removed, and all of them by clear', async () => {
      await registry.sync([member(0, 'ready'), member(1, 'ready')], revision);
      await registry.sync([member(1, 'ready')], revision);
      expect((await instances()).map(({ address }) => address)).toEqual(['127.0.0.1:9001']);
      await registry.clear();
      expect(await instances()).toEqual([]);
    });
  });
}
