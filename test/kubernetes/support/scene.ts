import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { slotOf } from '@wscluster/ring';
import type { DockerEngine } from '@wscluster/testbed';
import type { KubernetesCluster } from '@wscluster/testbed/kubernetes';
import { parse } from 'yaml';
import { nacosInstances } from '../../brokers/support/agreement.ts';
import { type Answer, http } from '../../e2e/support/http.ts';
import type { NodeView, Owners, RingView } from '../../e2e/support/system.ts';
import { until } from '../../e2e/support/wait.ts';
import { clusterWithImages, kubernetesImages } from './images.ts';
import { type Installed, installWscluster } from './install.ts';
import { get, list } from './objects.ts';
import type { Resource } from './operated.ts';

const sample = fileURLToPath(new URL('../../../deploy/k8s/samples/chat.yaml', import.meta.url));

export interface Manifest {
  metadata: { name: string; namespace: string };
  spec: {
    nodes: { drainSeconds: number; template: { spec: { containers: [Container] } } };
    gateway?: object;
    rebalance?: object;
    routing: { routes: object[] };
    registry: { nacos: { service?: string } };
  };
}

interface Container {
  image: string;
  readinessProbe?: object;
  resources: object;
}

interface RunningPod {
  metadata: { uid: string; name: string; deletionTimestamp?: string };
  status: { phase: string; containerStatuses: { restartCount: number; ready: boolean }[] };
}

/** deploy/k8s/dev and the sample on a whole cluster, reached from this machine by the addresses of its Services. */
export class Scene {
  readonly cluster: KubernetesCluster;
  readonly installed: Installed;
  readonly #namespace: string;
  /** In Nacos. */
  readonly #service: string;
  #gateways = '';

  private constructor(cluster: KubernetesCluster, installed: Installed, namespace: string, service: string) {
    this.cluster = cluster;
    this.installed = installed;
    this.#namespace = namespace;
    this.#service = service;
  }

  /** `build` makes further images for the nodes, and returns their tags. */
  static async up(build: (engine: DockerEngine) => Promise<string[]> = async () => []): Promise<Scene> {
    const cluster = await clusterWithImages(async (engine) => [
      ...(await kubernetesImages(engine)),
      ...(await build(engine)),
    ]);
    try {
      const installed = await installWscluster(cluster);
      return new Scene(cluster, installed, installed.namespace, 'chat');
    } catch (error) {
      await cluster.dispose();
      throw error;
    }
  }

  /** The same system, for a cluster in another namespace with a service of its own in Nacos. */
  in(namespace: string): Scene {
    return new Scene(this.cluster, this.installed, namespace, `chat-of-${namespace}`);
  }

  async down(): Promise<void> {
    await this.cluster.dispose();
  }

  /** Applies the sample with these parts of its spec changed, and waits as a user does. */
  async apply(change: (manifest: Manifest) => void = () => {}): Promise<void> {
    const manifest = parse(readFileSync(sample, 'utf8')) as Manifest;
    manifest.metadata.namespace = this.#namespace;
    manifest.spec.registry.nacos.service = this.#service;
    change(manifest);
    await this.cluster.apply(manifest);
    await this.kubectl('wait', '--for=condition=Ready', 'wsc/chat', '--timeout=240s');
    this.#gateways = await this.installed.gateways('chat', this.#namespace);
  }

  /** In this scene's namespace. */
  kubectl(...args: string[]): Promise<string> {
    return this.cluster.kubectl(`--namespace=${this.#namespace}`, ...args);
  }

  /** All processes of a pod's containers, on this machine: the first one of each only passes signals on. */
  async processes(pod: string): Promise<number[]> {
    const first = await this.cluster.containerPids(this.#namespace, pod);
    const children = first.flatMap((pid) =>
      readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number),
    );
    return [...first, ...children];
  }

  /** Whether the containers of a pod were started again, and are ready. */
  async isReadyAgain(pod: string): Promise<boolean> {
    const { status } = await get<RunningPod>(this.cluster, 'pods', pod, this.#namespace);
    return status.containerStatuses.every(({ restartCount, ready }) => restartCount > 0 && ready);
  }

  /** Asks for the eviction of a pod, as `kubectl drain` does; rejects when a budget forbids it. */
  async evict(pod: string): Promise<void> {
    const namespace = this.#namespace;
    const file = join(mkdtempSync(join(tmpdir(), 'wsc-eviction-')), 'eviction.json');
    writeFileSync(
      file,
      JSON.stringify({ apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: pod, namespace } }),
    );
    try {
      await this.kubectl('create', '--raw', `/api/v1/namespaces/${namespace}/pods/${pod}/eviction`, '--filename', file);
    } finally {
      rmSync(dirname(file), { recursive: true });
    }
  }

  /** `host:port` of the gateways' Service. */
  get address(): string {
    return this.#gateways;
  }

  clientUrls(key: string): string[] {
    return [`ws://${this.#gateways}/websocket/connect/${encodeURIComponent(key)}`];
  }

  /** What the page is opened with. */
  get dashboard() {
    return { ...this.installed.api, cluster: `${this.#namespace}.chat`, gateways: `ws://${this.#gateways}` };
  }

  /** Whichever controller answers. */
  api(method: string, path: string): Promise<Answer> {
    const { url, token } = this.installed.api;
    const name = `${this.#namespace}.chat`;
    return http(method, `${url}/api/v1/clusters/${name}${path}`, undefined, { authorization: `Bearer ${token}` });
  }

  async ring(): Promise<RingView> {
    return await this.#get('/ring?slots=true');
  }

  async nodes(): Promise<NodeView[]> {
    return (await this.#get<{ nodes: NodeView[] }>('/nodes')).nodes;
  }

  async owners(): Promise<Owners> {
    const { table, members } = await this.ring();
    return (key) => members[table[slotOf(key)] ?? -1]?.nodeId;
  }

  resource(): Promise<Resource> {
    return get(this.cluster, 'wsclusters', 'chat', this.#namespace);
  }

  /** Names of the pods of a role that are not being deleted, by uid. */
  async pods(role: 'node' | 'gateway' = 'node'): Promise<Map<string, string>> {
    const selector = `wscluster.io/cluster=chat,wscluster.io/role=${role}`;
    const pods = await list<RunningPod>(this.cluster, 'pods', { namespace: this.#namespace, selector });
    const live = pods.filter(({ metadata, status }) => !metadata.deletionTimestamp && status.phase === 'Running');
    return new Map(live.map(({ metadata }) => [metadata.uid, metadata.name]));
  }

  /**
   * Waits until exactly so many nodes are on the ring and nothing is left to move, every gateway's pod has its
   * revision, Nacos names its members, and the resource's status says all that. Fails with what differs.
   */
  async agreed(nodes: number, gateways = 2, deadlineMs = 180_000): Promise<void> {
    let differs = '';
    const look = async () => {
      const { metadata, status } = await this.resource();
      const ready = status?.conditions?.find(({ type }) => type === 'Ready');
      if (ready?.status !== 'True') return `the cluster is not ready: ${ready?.message}`;
      if (status?.observedGeneration !== metadata.generation) return 'the status is of an older generation';
      const ring = await this.ring();
      const said = `${status?.ring?.revision} ${status?.nodes?.ready} ${status?.nodes?.draining}`;
      const is = `${ring.revision.epoch}.${ring.revision.version} ${nodes} 0`;
      if (said !== is) return `the status says ${said}, not ${is}`;
      if (ring.members.length !== nodes) return `the ring has ${ring.members.length} members`;
      const views = (await this.#get<{ gateways: { id: string; inSync: boolean }[] }>('/gateways')).gateways;
      const heard = String(views.map(({ id }) => id).sort());
      // One that is deleted counts until it has left: clients still come in through it, and are sent away.
      const live = String([...(await this.pods('gateway')).values()].sort());
      if (views.length !== gateways || heard !== live || views.some(({ inSync }) => !inSync))
        return `gateways: ${JSON.stringify(views)}, their pods: ${live}`;
      const addresses = String(ring.members.map(({ address }) => address).sort());
      const registered = String(await nacosInstances(this.installed.nacos, this.#service));
      return registered === addresses ? '' : `Nacos has ${registered}, the ring ${addresses}`;
    };
    const agree = async () => {
      differs = await look().catch((error: Error) => error.message);
      return differs === '';
    };
    await until('ring, gateways, status and Nacos agree', agree, deadlineMs, 100).catch(async (error: Error) => {
      throw new Error(`${error.message}: ${differs}\n${await this.#lastLines()}`);
    });
  }

  /** What gateways and controllers logged last. */
  async #lastLines(): Promise<string> {
    const lines = (namespace: string, labels: string) =>
      this.cluster
        .kubectl('logs', `--namespace=${namespace}`, `--selector=${labels}`, '--prefix', '--tail=15')
        .catch((error: Error) => error.message);
    const gateways = lines(this.#namespace, 'wscluster.io/cluster=chat,wscluster.io/role=gateway');
    const controllers = lines(this.installed.system, 'app.kubernetes.io/name=wscluster-controller');
    return (await Promise.all([gateways, controllers])).join('\n');
  }

  async #get<Body>(path: string): Promise<Body> {
    const answer = await this.api('GET', path);
    if (answer.status !== 200) throw new Error(`GET ${path}: ${answer.status} ${answer.text}`);
    return JSON.parse(answer.text) as Body;
  }
}
