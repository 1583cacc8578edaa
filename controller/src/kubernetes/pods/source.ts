import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { WsClusterError } from '@wscluster/ring';
import { InProgress, type Logger } from '@wscluster/service';
import type { SourceHandlers, Workload, WorkloadSource } from '../../core/ports/workload-source.ts';
import { refusalOf } from '../client/api-error.ts';
import { type Informer, startInformer } from '../client/informer.ts';
import type { Kube } from '../client/kube.ts';
import {
  annotateObject,
  createObject,
  deleteObject,
  labelObject,
  type ObjectRef,
  readObject,
} from '../client/objects.ts';
import { RESOURCES } from '../client/resources.ts';
import { ANNOTATIONS, type ClusterIdentity, selectorOf, selectorText } from '../names.ts';
import { addressesOf } from './addresses.ts';
import { DeletionCosts } from './deletion-costs.ts';
import { NodeJournal } from './node-journal.ts';
import { nodePod, templateHash } from './node-pod.ts';
import type { Pod } from './pod.ts';
import { type PodFacts, podFacts, portProblem } from './pod-facts.ts';
import { type ObservedNode, PodHistory } from './pod-history.ts';
import type { KubernetesNodeSettings } from './settings.ts';

export type { ClusterIdentity } from '../names.ts';
export type { DeletionCosts } from './deletion-costs.ts';
export type { KubernetesNodeSettings, PodTemplate } from './settings.ts';

/** How long a listing waits for the first complete list, ms. */
const SYNC_MS = 5000;
/** How long an ended node is listed as gone, so that no listing misses its end and its logs can be read, ms. */
const TOMBSTONE_MS = 60_000;
/** No vowels, so that no words appear, and no characters that look alike: as in names that Kubernetes generates. */
const NAME_LETTERS = 'bcdfghjklmnpqrstvwxz2456789';
const NAME_LENGTH = 5;
const NAME_TRIES = 3;
/** A pod that should have ended this long ago is on a machine that does not answer, ms. */
const FORCE_SLACK_MS = 10_000;
/** The least time between the stop signal and SIGKILL, s. */
const MIN_GRACE_SECONDS = 15;
/** When the whole system ends, nobody is served any longer: nodes get this long to end, s, ... */
const END_GRACE_SECONDS = 1;
/** ... are killed after this time, ms, and must all be gone after the last one. */
const END_FORCE_MS = 10_000;
const END_DEADLINE_MS = 60_000;
const END_LOOK_MS = 200;

export interface KubernetesSourceOptions {
  readonly kube: Kube;
  readonly cluster: ClusterIdentity;
  /** Read at each use. */
  readonly settings: () => KubernetesNodeSettings;
  /** How long an ended managed pod is kept for its logs, and a node is listed as gone, ms; default 60,000. */
  readonly tombstoneMs?: number;
  readonly log: Logger;
}

export interface KubernetesSource extends WorkloadSource {
  /** Receives the connections of nodes that a ReplicaSet created, for when it shrinks. */
  readonly deletionCosts: DeletionCosts;
}

/**
 * Nodes as pods of one namespace: those that the controller creates from a template, or those of others with the
 * selector's labels. Lists from the state of an informer; while the API server does not answer, the last complete state
 * is used. Connects in the background: list() rejects with SOURCE_UNAVAILABLE until the first complete list has
 * arrived.
 */
export async function openKubernetesSource(
  options: KubernetesSourceOptions,
  handlers: SourceHandlers,
): Promise<KubernetesSource> {
  return new PodSource(options, handlers);
}

type PodInformer = Informer<Pod, PodFacts>;

/** The part of the present settings that pods are compared with. */
interface ClusterView {
  /** Hash of the template. */
  readonly hash: string;
  readonly port: number;
}

class PodSource implements KubernetesSource {
  readonly deletionCosts: DeletionCosts;
  readonly #options: KubernetesSourceOptions;
  readonly #log: Logger;
  readonly #onChange: () => void;
  readonly #managed: PodInformer;
  readonly #journal: NodeJournal;
  readonly #history: PodHistory;
  /** Watches the pods of others; opened again for another selector. */
  #selected: { readonly labels: string; readonly informer: PodInformer } | undefined;
  readonly #leaving = new InProgress();
  /** Managed pods of the last listing that nobody had asked to end, by uid. */
  #staying: ReadonlyMap<string, PodFacts> = new Map();
  /** Pods that vanished, while it is not known yet whether they still exist. */
  readonly #vanished = new Map<string, PodFacts>();
  #closed = false;

  constructor(options: KubernetesSourceOptions, handlers: SourceHandlers) {
    const { kube, cluster, log, tombstoneMs = TOMBSTONE_MS } = options;
    this.#options = options;
    this.#log = log;
    this.#onChange = () => {
      if (!this.#closed) handlers.onChange();
    };
    this.#history = new PodHistory(tombstoneMs);
    this.#journal = new NodeJournal(log, cluster.namespace, tombstoneMs);
    this.#managed = this.#follow(selectorOf(cluster, 'node'), (facts) => facts.managed);
    this.deletionCosts = new DeletionCosts({
      kube,
      namespace: cluster.namespace,
      pods: () => this.#pods.filter((pod) => pod.ofReplicaSet && !pod.ended),
      log,
    });
    this.#followSelected();
  }

  async list(): Promise<readonly Workload[]> {
    await this.#synced();
    const settings = this.#options.settings();
    const nodes = this.#history.observe(this.#pods);
    const alive = nodes.filter(({ phase }) => phase !== 'gone');
    const { addresses, taken } = addressesOf(
      alive.map(({ facts }) => facts),
      settings.port,
    );
    this.#journal.note(nodes, taken);
    this.#cleanUp();
    this.#takeBack();
    const view = { hash: templateHash(settings), port: settings.port };
    return [
      ...alive.map((node) => this.#workload(node, addresses.get(node.facts.uid), view)),
      ...this.#history.departed,
    ];
  }

  async create(): Promise<string> {
    const { kube, cluster, settings } = this.#options;
    for (let tries = 1; ; tries++) {
      const pod = nodePod(cluster, settings(), `${cluster.name}-${randomName()}`);
      try {
        const created = await createObject<Pod>(kube, pod);
        const { uid, name } = created.metadata;
        this.#managed.note(created);
        this.#log.info({ event: 'node-started', node: uid, pod: name }, `started node ${name}`);
        return uid;
      } catch (error) {
        if (refusalOf(error)?.reason === 'AlreadyExists' && tries < NAME_TRIES) continue;
        throw inTemplate(error);
      }
    }
  }

  async drain(id: string): Promise<void> {
    const pod = await this.#find(id);
    if (pod.drain !== undefined) return;
    const marked = await this.#present(pod, (ref) =>
      annotateObject<Pod>(this.#options.kube, ref, { [ANNOTATIONS.drain]: new Date().toISOString() }),
    );
    this.#informerOf(id).note(marked);
  }

  async stop(id: string): Promise<void> {
    const pod = await this.#find(id);
    if (pod.deletion === undefined) {
      const spentSeconds = this.#history.drainingForMs(pod) / 1000;
      const least = Math.min(MIN_GRACE_SECONDS, pod.graceSeconds);
      await this.#delete(pod, Math.ceil(Math.max(least, pod.graceSeconds - spentSeconds)));
    } else if (pod.managed && (this.#history.overdueMs(pod) ?? 0) > FORCE_SLACK_MS) {
      this.#log.warn(
        {
          event: 'node-forced',
          node: id,
          pod: pod.name,
          action: 'check the machine of the pod: kubectl get nodes',
        },
        `pod ${pod.name} should have ended but did not; it is removed by force`,
      );
      await this.#delete(pod, 0);
    }
  }

  async kill(id: string): Promise<void> {
    await this.#delete(await this.#find(id), 0);
  }

  async endAll(): Promise<void> {
    const begun = performance.now();
    for (;;) {
      const pods = await this.#listManaged();
      if (pods.length === 0) break;
      const elapsed = performance.now() - begun;
      if (elapsed > END_DEADLINE_MS)
        throw new WsClusterError(
          'SOURCE_UNAVAILABLE',
          `these pods cannot be removed: ${pods.map(({ name }) => name).join(', ')}; remove them by hand: kubectl delete pod -n ${this.#options.cluster.namespace}`,
        );
      const graceSeconds = elapsed > END_FORCE_MS ? 0 : END_GRACE_SECONDS;
      await Promise.all(pods.map((pod) => deleteObject(this.#options.kube, this.#refOf(pod), { graceSeconds })));
      await delay(END_LOOK_MS);
    }
    this.#onChange();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([this.#managed.close(), this.#selected?.informer.close(), this.deletionCosts.close()]);
    await this.#leaving.settled();
  }

  #follow(labels: Readonly<Record<string, string>>, isWanted: (facts: PodFacts) => boolean): PodInformer {
    const { kube, cluster } = this.#options;
    return startInformer<Pod, PodFacts>({
      kube,
      resource: RESOURCES.pods,
      namespace: cluster.namespace,
      labelSelector: selectorText(labels),
      keep: (pod) => {
        const facts = podFacts(pod, cluster);
        return facts !== undefined && isWanted(facts) ? facts : undefined;
      },
      onChange: this.#onChange,
      log: this.#log,
    });
  }

  #followSelected(): void {
    const { selector } = this.#options.settings();
    const labels = selector === undefined ? undefined : JSON.stringify(selector);
    if (this.#closed || labels === this.#selected?.labels) return;
    if (this.#selected !== undefined) this.#inBackground(this.#selected.informer.close());
    this.#selected =
      selector === undefined || labels === undefined
        ? undefined
        : { labels, informer: this.#follow(selector, () => true) };
  }

  async #synced(): Promise<void> {
    this.#followSelected();
    await Promise.all([this.#managed.whenSynced(SYNC_MS), this.#selected?.informer.whenSynced(SYNC_MS)]).catch(
      (error: unknown) => {
        if (error instanceof WsClusterError && error.code !== 'SOURCE_UNAVAILABLE')
          throw new WsClusterError('SOURCE_UNAVAILABLE', error.message, { cause: error });
        throw error;
      },
    );
  }

  /** Managed pods, and those that the selector matches. */
  get #pods(): readonly PodFacts[] {
    return [...new Map([...(this.#selected?.informer.objects ?? []), ...this.#managed.objects]).values()];
  }

  #informerOf(id: string): PodInformer {
    return this.#managed.objects.has(id) ? this.#managed : (this.#selected?.informer ?? this.#managed);
  }

  #workload({ facts, phase }: ObservedNode, address: string | undefined, view: ClusterView): Workload {
    const { uid: id, name, image, createdAt, managed, weight, maxConnections, made } = facts;
    const drainingSince = this.#history.drainingSince(facts);
    const problem = portProblem(facts, view.port);
    return {
      id,
      name,
      ...(image === undefined ? {} : { image }),
      createdAt,
      address,
      // Another pod has its address.
      phase: phase === 'ready' && address === undefined ? 'starting' : phase,
      managed,
      ...(weight === undefined ? {} : { weight }),
      ...(maxConnections === undefined ? {} : { maxConnections }),
      ...(made === undefined ? {} : { made }),
      ...(managed && facts.templateHash !== view.hash ? { outdated: true } : {}),
      ...(drainingSince === undefined ? {} : { drainingSince }),
      ...(problem === undefined ? {} : { problem }),
    };
  }

  #cleanUp(): void {
    for (const id of this.#history.removable) {
      const pod = this.#managed.objects.get(id);
      if (pod !== undefined && pod.deletion === undefined)
        this.#inBackground(deleteObject(this.#options.kube, this.#refOf(pod)));
    }
  }

  /**
   * A managed pod that vanished may only have lost its labels through somebody's edit. It would keep running, and
   * belong to nobody.
   */
  #takeBack(): void {
    const before = this.#staying;
    const { objects } = this.#managed;
    this.#staying = new Map([...objects].filter(([, { deletion, ended }]) => deletion === undefined && !ended));
    for (const [uid, pod] of before) if (!objects.has(uid)) this.#vanished.set(uid, pod);
    for (const [uid, pod] of this.#vanished) {
      this.#vanished.delete(uid);
      const work = this.#labelAgain(pod).catch((error: unknown) => {
        this.#vanished.set(uid, pod);
        throw error;
      });
      this.#inBackground(work);
    }
  }

  async #labelAgain(pod: PodFacts): Promise<void> {
    const { kube, cluster } = this.#options;
    const found = await readObject<Pod>(kube, this.#refOf(pod));
    const isOurs = found?.metadata.ownerReferences?.some(({ uid }) => uid === cluster.uid) ?? false;
    if (found?.metadata.uid !== pod.uid || !isOurs || found.metadata.deletionTimestamp !== undefined) return;
    const labelled = await labelObject<Pod>(kube, this.#refOf(pod), selectorOf(cluster, 'node'));
    this.#log.warn(
      {
        event: 'node-labelled-again',
        node: pod.uid,
        pod: pod.name,
        action: `to drain a node use its annotation ${ANNOTATIONS.drain}; its labels stay`,
      },
      `somebody changed the labels that make pod ${pod.name} a node; they are restored`,
    );
    this.#managed.note(labelled);
  }

  /** A failure is retried with the next listing. */
  #inBackground(work: Promise<unknown>): void {
    this.#leaving.add(
      work.catch((error: unknown) => {
        if (!this.#closed)
          this.#log.debug({ event: 'node-clean-up-failed', error }, 'a pod cannot be removed or labelled');
      }),
    );
  }

  async #delete(pod: PodFacts, graceSeconds: number): Promise<void> {
    if (!(await deleteObject(this.#options.kube, this.#refOf(pod), { graceSeconds }))) throw notFound(pod.uid);
  }

  /** NOT_FOUND if the pod was deleted meanwhile, or is another one with the same name. */
  async #present<T>(pod: PodFacts, work: (ref: ObjectRef) => Promise<T>): Promise<T> {
    try {
      return await work(this.#refOf(pod));
    } catch (error) {
      const status = refusalOf(error)?.status;
      throw status === 404 || status === 409 ? notFound(pod.uid) : error;
    }
  }

  #refOf({ name, uid }: PodFacts): ObjectRef {
    return { resource: RESOURCES.pods, namespace: this.#options.cluster.namespace, name, uid };
  }

  /** From the API server itself. */
  async #listManaged(): Promise<readonly PodFacts[]> {
    const { kube, cluster } = this.#options;
    const { items } = await kube.call<{ items: readonly Pod[] }>({
      verb: 'list',
      resource: RESOURCES.pods,
      namespace: cluster.namespace,
      query: { labelSelector: selectorText(selectorOf(cluster, 'node')) },
    });
    return items.flatMap((pod) => {
      const facts = podFacts(pod, cluster);
      return facts?.managed === true ? [facts] : [];
    });
  }

  async #find(id: string): Promise<PodFacts> {
    await this.#synced();
    const pod = this.#pods.find(({ uid }) => uid === id);
    if (pod === undefined || pod.ended) throw notFound(id);
    return pod;
  }
}

function randomName(): string {
  return Array.from({ length: NAME_LENGTH }, () => NAME_LETTERS[randomInt(NAME_LETTERS.length)]).join('');
}

function notFound(id: string): WsClusterError {
  return new WsClusterError('NOT_FOUND', `there is no node ${id}`, { field: 'id' });
}

/** If the API server refuses a new pod, whoever wrote the template has to fix it. */
function inTemplate(error: unknown): unknown {
  if (!(error instanceof WsClusterError) || error.code !== 'CONFIG_INVALID' || error.field !== undefined) return error;
  const { message } = error;
  return new WsClusterError('CONFIG_INVALID', `${message}; correct nodes.template`, {
    field: 'nodes.template',
    cause: error.cause,
  });
}
