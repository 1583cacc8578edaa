import { messageOf, WsClusterError } from '@wscluster/ring';
import { CoalescedRunner, Trouble } from '@wscluster/service';
import type { Leadership } from '../../core/ports/leadership.ts';
import { FINALIZER } from '../names.ts';
import { leaveRegistry } from './cluster-registry.ts';
import { type ClusterSecretsParts, type KnownSecrets, presentSecrets } from './cluster-secrets.ts';
import type { EventWriter } from './event-writer.ts';
import { removeFinalizer } from './finalizer.ts';
import type { LeftRegistries } from './left-registries.ts';
import { endPods, podsEnded } from './pods.ts';
import { type ClusterResource, clusterOf } from './resource.ts';
import type { Servers } from './servers.ts';
import { type Obstacle, obstacleOf } from './status.ts';

const MAX_RETRY_MS = 10_000;
/** How often to check while another process leads, ms. */
const STAND_BY_MS = 1_000;
/** If a cluster's data cannot be removed, and the cause is permanent, its resource is released after this time, ms. */
const GIVE_UP_MS = 60_000;

export interface DeletionParts extends ClusterSecretsParts {
  readonly servers: Servers;
  readonly events: EventWriter;
  readonly lead: Pick<Leadership, 'leading'>;
  readonly left: LeftRegistries;
  /** The present resource. */
  resource(): ClusterResource;
  /** The last resource that could be served; undefined if there was none. */
  served(): ClusterResource | undefined;
  /** The last known values of its Secrets; undefined if they were never read. */
  secrets(): KnownSecrets | undefined;
  /** Resolves once nothing leads the cluster here any longer. */
  endCandidate(): Promise<void>;
}

/** Cleans up after a deleted WsCluster, and then releases it. */
export class Deletion {
  readonly #parts: DeletionParts;
  readonly #runner: CoalescedRunner;
  readonly #trouble: Trouble;
  #problem: Obstacle | undefined;
  #failedAt: number | undefined;
  #done = false;

  constructor(parts: DeletionParts) {
    this.#parts = parts;
    this.#trouble = new Trouble(parts.log);
    this.#runner = new CoalescedRunner(
      () => this.#run(),
      (error) => this.#fail(error),
      MAX_RETRY_MS,
    );
  }

  /** Why it is not gone yet; undefined if nothing is in the way. */
  get problem(): Obstacle | undefined {
    return this.#problem;
  }

  /** The resource was deleted. */
  signal(): void {
    this.#runner.signal();
  }

  async stop(): Promise<void> {
    await this.#runner.stop();
  }

  async #run(): Promise<void> {
    const { kube, lead, log } = this.#parts;
    await this.#parts.endCandidate();
    const resource = this.#parts.resource();
    if (this.#done || !resource.finalizers.includes(FINALIZER)) return;
    if (!lead.leading) {
      this.#runner.signalIn(STAND_BY_MS);
      return;
    }
    await this.#cleanUpOrGiveUp(resource);
    await removeFinalizer(kube, resource);
    this.#done = true;
    this.#problem = undefined;
    this.#trouble.recovered();
    log.info({ event: 'cluster-deleted', cluster: resource.id }, `${resource.id} is deleted; nothing of it is left`);
  }

  async #cleanUpOrGiveUp(resource: ClusterResource): Promise<void> {
    const { log, events } = this.#parts;
    try {
      await this.#cleanUp(resource);
    } catch (error) {
      if (!(error instanceof WsClusterError) || error.code !== 'CONFIG_INVALID') throw error;
      // A Secret that was deleted with its namespace never comes back.
      this.#failedAt ??= performance.now();
      if (performance.now() - this.#failedAt < GIVE_UP_MS) throw error;
      const message = `the WsCluster is deleted, although its data in Nacos, RabbitMQ and Redis could not be removed: ${error.message}`;
      const action = 'remove its data in Nacos, RabbitMQ and Redis by hand, if there is any';
      log.warn({ event: 'cleanup-given-up', cluster: resource.id, action }, message);
      events.write(resource, { type: 'Warning', reason: 'CleanupGivenUp', message }, 'condition');
    }
  }

  /**
   * Removes its data outside of Kubernetes: instances in Nacos, which must succeed, and exchanges and keys, which need
   * not. Its pods end first: a running one would create an exchange again.
   */
  async #cleanUp(resource: ClusterResource): Promise<void> {
    const { kube, log, servers, left, served, secrets } = this.#parts;
    const { id } = resource;
    const { spec } = clusterOf(served() ?? resource);
    await left.leave();
    await endPods(kube, resource);
    if (spec.registry.nacos !== undefined)
      await leaveRegistry(servers, resource, spec, await presentSecrets(this.#parts, resource, spec, secrets()));
    await podsEnded(kube, resource);
    const urls = await presentSecrets(this.#parts, resource, spec, secrets());
    await servers.forget(id, urls).catch((error: unknown) => {
      const action = `delete the exchanges wscluster.${id}.* and the key wscluster:{${id}}:ring by hand`;
      log.warn(
        { event: 'brokers-not-cleaned', cluster: id, error, action },
        `exchanges and ring of ${id} are left behind: ${messageOf(error)}`,
      );
    });
  }

  #fail(error: unknown): void {
    const obstacle = obstacleOf(error);
    const message = `it cannot be deleted yet: ${obstacle.message}`;
    this.#problem = { ...obstacle, message };
    const action = `bring it back; or remove the finalizer ${FINALIZER} and the data that is left there by hand`;
    const { id } = this.#parts.resource();
    this.#trouble.failed({ event: 'cleanup-failed', cluster: id, action }, message, message);
  }
}
