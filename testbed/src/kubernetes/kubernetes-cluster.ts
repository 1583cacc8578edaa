import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DockerEngine } from '../docker/engine.ts';
import { cacheFolder } from '../install/cache.ts';
import { type Lock, takeLock } from '../install/lock.ts';
import type { ServerProcess } from '../process/server-process.ts';
import { started } from '../process/started.ts';
import { ControlPlane, type ControlPlaneParts, controlPlaneParts, type KubernetesApi } from './control-plane.ts';
import { controllerManager } from './controller-manager.ts';
import { HOST_ADDRESS, NODE_ADDRESS } from './node/addresses.ts';
import { containerPids, makeCgroup, removeCgroup } from './node/cgroup.ts';
import { type Containerd, imagesFolder, nodeContainerd } from './node/containerd.ts';
import { builtCoredns, DNS_MANIFEST, nodeDns } from './node/coredns.ts';
import { loadImages, loadPause } from './node/images.ts';
import { nodeProxy } from './node/kube-proxy.ts';
import { nodeKubelet } from './node/kubelet.ts';
import { type Namespaces, nodeNamespaces, removeStateFolders } from './node/namespaces.ts';
import { connectNode, removeLink } from './node/network.ts';
import { builtKubernetes } from './programs.ts';
import { scheduler } from './scheduler.ts';

/**
 * A whole cluster of one node. stop and kill also end its pods. A start brings the cluster back with all its objects,
 * whose status is old until the node has reported again. This machine reaches pods, the addresses of Services, and node
 * ports. Pods reach each other, and on the machine what listens on `hostAddress`.
 */
export interface KubernetesCluster extends KubernetesApi {
  readonly node: string;
  /** Address of the node, with the node ports. */
  readonly nodeAddress: string;
  /** Address of this machine for pods. */
  readonly hostAddress: string;
  /** The path of its containerd's socket; images are in the namespace k8s.io. */
  readonly containerd: string;
  /** Copies images of the engine to the node, under their tags. Pods need imagePullPolicy Never or IfNotPresent. */
  loadImages(engine: DockerEngine, tags: readonly string[]): Promise<void>;
  /** The first process of each container of a running pod, by pid on this machine: killing it is a crash. */
  containerPids(namespace: string, pod: string): Promise<number[]>;
}

const API_PORT = 6443;
const NODE_NAME = 'node-1';

/**
 * A started cluster without pods. A machine has one at a time: if another process has it, this waits up to 10 minutes.
 * It may run beside the testbed's Docker engine.
 */
export async function kubernetesCluster(): Promise<KubernetesCluster> {
  const [programs, dnsProgram] = [await builtKubernetes(), await builtCoredns()];
  const lock = await takeLock('kubernetes cluster', 'this machine');
  try {
    // A fixed path, so that the next cluster finds and removes what a killed run has left. The processes of that run
    // end shortly after it.
    const folder = join(cacheFolder(), 'kubernetes', 'run');
    rmSync(folder, { recursive: true, force: true, maxRetries: 20 });
    mkdirSync(folder, { recursive: true });
    const node = nodeNamespaces(folder, NODE_NAME, programs('pause'));
    const containerd = nodeContainerd(folder, node);
    const parts = await controlPlaneParts(programs, folder, HOST_ADDRESS, API_PORT);
    const { access } = parts;
    const url = `https://${parts.api.address}`;
    const kubelet = await nodeKubelet({ programs, folder, access, url, name: NODE_NAME, node, containerd });
    return await started(
      new Cluster({
        ...parts,
        clients: [
          controllerManager(programs, folder, access, url),
          scheduler(programs, folder, access, url),
          nodeProxy(programs, folder, node, access, url, NODE_NAME),
          kubelet,
        ],
        ...{ node, containerd, kubelet, lock },
        dns: nodeDns(dnsProgram, folder, node, access, url),
      }),
    );
  } catch (error) {
    await lock.release();
    throw error;
  }
}

interface ClusterParts extends ControlPlaneParts {
  readonly node: Namespaces;
  readonly containerd: Containerd;
  /** One of the clients. */
  readonly kubelet: ServerProcess;
  readonly dns: ServerProcess;
  readonly lock: Lock;
}

class Cluster extends ControlPlane implements KubernetesCluster {
  readonly node = NODE_NAME;
  readonly nodeAddress = NODE_ADDRESS;
  readonly hostAddress = HOST_ADDRESS;
  readonly containerd: string;
  readonly #parts: ClusterParts;
  #disposed = false;
  #isFirstStart = true;

  constructor(parts: ClusterParts) {
    super(parts);
    this.containerd = parts.containerd.socket;
    this.#parts = parts;
  }

  loadImages(engine: DockerEngine, tags: readonly string[]): Promise<void> {
    return loadImages(this.#parts.containerd, engine, tags);
  }

  async containerPids(namespace: string, pod: string): Promise<number[]> {
    const uid = await this.kubectl('get', 'pod', pod, '--namespace', namespace, '--output=jsonpath={.metadata.uid}');
    return containerPids(uid);
  }

  override async start(): Promise<void> {
    const { node, dns } = this.#parts;
    makeCgroup();
    await node.process.start();
    await connectNode(node);
    await Promise.all([this.startServers(), this.#startContainerd()]);
    await Promise.all([this.startClients(), this.apply(DNS_MANIFEST).then(() => dns.start())]);
  }

  override async stop(): Promise<void> {
    await this.#parts.dns.stop();
    await super.stop();
    await this.#parts.containerd.process.stop();
    await this.#parts.node.process.kill();
  }

  override async kill(): Promise<void> {
    // All processes of the node end with its first one.
    await this.#parts.node.process.kill();
    await Promise.all([this.#parts.dns.kill(), this.#parts.containerd.process.kill()]);
    await super.kill();
  }

  override async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    const { kubelet, containerd, lock } = this.#parts;
    try {
      await kubelet.kill(); // it would start the containers again
      if (containerd.process.pid !== undefined) {
        await containerd.removeContainers();
        rmSync(usedMark(), { force: true });
      }
    } finally {
      try {
        await this.kill();
        await removeLink();
        await removeCgroup();
        removeStateFolders();
        await super.dispose();
      } finally {
        await lock.release();
      }
    }
  }

  async #startContainerd(): Promise<void> {
    const { containerd, programs } = this.#parts;
    await containerd.process.start();
    if (this.#isFirstStart && existsSync(usedMark())) {
      // Left by a killed run. containerd is restarted, since it has them in memory.
      await containerd.removeContainers();
      await containerd.process.kill();
      await containerd.process.start();
    }
    this.#isFirstStart = false;
    writeFileSync(usedMark(), '');
    await loadPause(containerd, programs('pause.tar'));
  }
}

/** Exists while there may be containers besides the images. */
function usedMark(): string {
  return join(imagesFolder(), 'wscluster-used');
}
