import { messageOf } from '@wscluster/ring';
import { CoalescedRunner } from '@wscluster/service';
import type { ClusterSpec } from '../../core/spec/schema.ts';
import type { ClusterIdentity } from '../names.ts';
import { leaveRegistry } from './cluster-registry.ts';
import { type ClusterSecretsParts, type KnownSecrets, presentSecrets } from './cluster-secrets.ts';
import type { Servers } from './servers.ts';

const MAX_RETRY_MS = 10_000;

export interface LeftRegistriesParts extends ClusterSecretsParts {
  readonly servers: Servers;
  readonly cluster: ClusterIdentity;
}

/** Registries that a cluster no longer names, but that still have its instances. */
export class LeftRegistries {
  readonly #parts: LeftRegistriesParts;
  readonly #runner: CoalescedRunner;
  #left: { readonly spec: ClusterSpec; readonly secrets: KnownSecrets }[] = [];

  constructor(parts: LeftRegistriesParts) {
    const { log, cluster } = parts;
    this.#parts = parts;
    this.#runner = new CoalescedRunner(
      () => this.leave(),
      (error) => log.debug({ event: 'registry-not-left', cluster: cluster.id }, messageOf(error)),
      MAX_RETRY_MS,
    );
  }

  /** `spec`: the one that names the registry. The cluster's instances are removed from it as soon as possible. */
  add(spec: ClusterSpec, secrets: KnownSecrets): void {
    this.#left.push({ spec, secrets });
    this.#runner.signal();
  }

  /** Rejects while that is not possible. */
  async leave(): Promise<void> {
    const { servers, cluster } = this.#parts;
    for (const one of [...this.#left]) {
      if (one.spec.registry.nacos !== undefined)
        await leaveRegistry(
          servers,
          cluster,
          one.spec,
          await presentSecrets(this.#parts, cluster, one.spec, one.secrets),
        );
      this.#left = this.#left.filter((other) => other !== one);
    }
  }

  async stop(): Promise<void> {
    await this.#runner.stop();
  }
}
