import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { connectKubernetes } from '@wscluster/controller/kubernetes/client';
import { silentLogger } from '@wscluster/service';
import type { KubernetesApi } from '@wscluster/testbed/kubernetes';
import { freePorts } from '@wscluster/testbed/ports';
import { http } from '../../e2e/support/http.ts';
import { LoggedProcess } from '../../e2e/support/processes.ts';
import { FakePods } from './fake-pods.ts';

const nodeMain = fileURLToPath(new URL('../../../ws-node/src/main.ts', import.meta.url));
const PODS = { apiVersion: 'v1', kind: 'Pod', plural: 'pods' };
const NODES = { apiVersion: 'v1', kind: 'Node', plural: 'nodes' };
const LOOK_MS = 200;
/** A machine that is silent for 40 s is lost, with its pods. */
const ALIVE_MS = 5000;

interface AssignedPod {
  readonly metadata: { readonly name: string; readonly uid: string; readonly deletionTimestamp?: string };
  readonly spec: { readonly nodeName?: string };
}

interface Running {
  readonly process: LoggedProcess;
  readonly ip: string;
  ready: boolean;
}

/**
 * A machine of a Kubernetes cluster without machines: each of its pods is a process of the sample backend at an address
 * of its own on loopback. It does what kubelet does: starts pods, says when they are ready, and stops those that are
 * deleted.
 */
export class LoopbackMachine {
  readonly name = 'loopback';
  /** Where all its pods listen. */
  readonly port: number;
  readonly #kube: ReturnType<typeof connectKubernetes>;
  readonly #pods: FakePods;
  readonly #running = new Map<string, Running>();
  readonly #closing = new AbortController();
  #working: Promise<void> = Promise.resolve();
  #addresses = 0;
  #aliveAt = Number.NEGATIVE_INFINITY;

  private constructor(api: KubernetesApi, port: number) {
    this.port = port;
    this.#kube = connectKubernetes({ kubeconfig: api.kubeconfig, log: silentLogger });
    this.#pods = new FakePods(api);
  }

  static async join(api: KubernetesApi): Promise<LoopbackMachine> {
    const [port = 0] = await freePorts(1);
    const machine = new LoopbackMachine(api, port);
    await api.apply({ apiVersion: 'v1', kind: 'Node', metadata: { name: machine.name } });
    machine.#working = machine.#work();
    return machine;
  }

  /** Ends its processes, and rejects with what went wrong meanwhile. */
  async leave(): Promise<void> {
    this.#closing.abort();
    try {
      await this.#working;
    } finally {
      await Promise.all([...this.#running.values()].map(({ process }) => process.end('SIGKILL')));
      this.#pods.close();
      this.#kube.close();
    }
  }

  async #work(): Promise<void> {
    while (!this.#closing.signal.aborted) {
      await this.#sayAlive();
      const { items } = await this.#kube.call<{ items: readonly AssignedPod[] }>({
        verb: 'list',
        resource: PODS,
        namespace: 'default',
      });
      for (const pod of items) if (pod.spec.nodeName === this.name) await this.#look(pod);
      await delay(LOOK_MS);
    }
  }

  async #look({ metadata: { name, uid, deletionTimestamp } }: AssignedPod): Promise<void> {
    const running = this.#running.get(uid) ?? this.#start(uid);
    if (deletionTimestamp !== undefined) {
      running.process.signal('SIGTERM');
      if (running.process.ended) await this.#pods.remove([name]);
    } else if (!running.ready && (await this.#answers(running))) {
      await this.#pods.setReady(name, running.ip);
      running.ready = true;
    }
  }

  #start(uid: string): Running {
    const ip = `127.77.0.${++this.#addresses}`;
    const process = new LoggedProcess([nodeMain, '--id', uid, '--listen', `${ip}:${this.port}`]);
    const running = { process, ip, ready: false };
    this.#running.set(uid, running);
    return running;
  }

  async #answers({ ip }: Running): Promise<boolean> {
    const answer = await http('GET', `http://${ip}:${this.port}/readyz`).catch(() => undefined);
    return answer?.status === 200;
  }

  async #sayAlive(): Promise<void> {
    if (performance.now() - this.#aliveAt < ALIVE_MS) return;
    this.#aliveAt = performance.now();
    const now = new Date().toISOString();
    const ready = { type: 'Ready', status: 'True', reason: 'Loopback', message: 'it is this machine' };
    await this.#kube.call({
      verb: 'patch',
      resource: NODES,
      name: this.name,
      subresource: 'status',
      contentType: 'application/merge-patch+json',
      body: { status: { conditions: [{ ...ready, lastHeartbeatTime: now, lastTransitionTime: now }] } },
    });
  }
}
