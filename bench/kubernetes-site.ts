import { fileURLToPath } from 'node:url';
import { connectKubernetes } from '@wscluster/controller/kubernetes/client';
import { startInformer } from '@wscluster/controller/kubernetes/client/informer';
import { silentLogger } from '@wscluster/service';
import { type RabbitmqServer, type RedisServer, rabbitmqServer, redisServer } from '@wscluster/testbed';
import type { KubernetesApi } from '@wscluster/testbed/kubernetes';
import { freePorts } from '@wscluster/testbed/ports';
import { addServiceAccount } from '../test/contracts/support/kubernetes-client.ts';
import { http } from '../test/e2e/support/http.ts';
import { LoggedProcess } from '../test/e2e/support/processes.ts';
import { until } from '../test/e2e/support/wait.ts';
import { installCrd } from '../test/kubernetes/support/crd.ts';
import { startOperator } from '../test/kubernetes/support/operated.ts';
import { wsCluster } from '../test/kubernetes/support/resources.ts';

const gatewayMain = fileURLToPath(new URL('../gateway/src/main.ts', import.meta.url));

/** A controller on an API server, one WsCluster `chat` in the namespace default, and gateway processes outside. */
export class KubernetesSite {
  readonly api: KubernetesApi;
  readonly operator: Awaited<ReturnType<typeof startOperator>>;
  readonly gateways: readonly { readonly process: LoggedProcess; readonly port: number }[];
  readonly #redis: RedisServer;
  readonly #rabbitmq: RabbitmqServer;

  private constructor(
    api: KubernetesApi,
    brokers: { redis: RedisServer; rabbitmq: RabbitmqServer },
    operator: Awaited<ReturnType<typeof startOperator>>,
    gateways: KubernetesSite['gateways'],
  ) {
    this.api = api;
    this.operator = operator;
    this.gateways = gateways;
    this.#redis = brokers.redis;
    this.#rabbitmq = brokers.rabbitmq;
  }

  /** `spec`: of the WsCluster, beside the brokers. Waits until the controller leads the cluster. */
  static async start(
    api: KubernetesApi,
    spec: object,
    { gateways = 0, controllerEnv = {} }: { gateways?: number; controllerEnv?: Record<string, string> } = {},
  ): Promise<KubernetesSite> {
    const [redis, rabbitmq] = await Promise.all([redisServer(), rabbitmqServer()]);
    const secret = (name: string, url: string) => ({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name, namespace: 'default' },
      stringData: { url },
    });
    await installCrd(api);
    await addServiceAccount(api, 'default');
    await api.apply([secret('rabbitmq', rabbitmq.url), secret('redis', redis.url)]);
    await api.apply(wsCluster('chat', { routing: ROUTING, ...spec }));
    const ports = await freePorts(2 * gateways);
    const brokers = { WSCLUSTER_RABBITMQ_URL: rabbitmq.url, WSCLUSTER_REDIS_URL: redis.url };
    const running = Array.from({ length: gateways }, (_, at) => {
      const [port = 0, probes = 0] = ports.slice(2 * at, 2 * at + 2);
      const args = [
        ...[gatewayMain, '--cluster', 'default.chat', '--id', `gateway-${at + 1}`, '--drain-seconds', '1'],
        ...['--listen', `127.0.0.1:${port}`, '--probes', `127.0.0.1:${probes}`],
      ];
      return { port, process: new LoggedProcess(args, brokers) };
    });
    const site = new KubernetesSite(api, { redis, rabbitmq }, await startOperator(api, controllerEnv), running);
    // The log says so a moment before the API does.
    const leads = async () =>
      await site.ask('').then(
        () => true,
        () => false,
      );
    await until('the controller leads', leads, 30_000);
    return site;
  }

  /** Asks the controller's API below the cluster. */
  async ask<T>(path: string): Promise<T> {
    const url = `http://127.0.0.1:${this.operator.apiPort}/api/v1/clusters/default.chat${path}`;
    const { status, text } = await http('GET', url);
    if (status !== 200) throw new Error(`GET ${url} was answered by ${status}: ${text}`);
    return JSON.parse(text) as T;
  }

  /** Waits until the ring has so many members, all gateways route by it, and nothing is left to move. */
  async settled(members: number, deadlineMs = 60_000): Promise<void> {
    let last = '';
    const calm = async () => {
      const { status } = await this.ask<{
        status: {
          ring: { members: number };
          conditions: { type: string; status: string }[];
          gateways: { inSync: number };
        };
      }>('');
      last = JSON.stringify(status);
      return (
        status.ring.members === members &&
        status.gateways.inSync === this.gateways.length &&
        status.conditions.some(({ type, status: is }) => type === 'BackendsAvailable' && is === 'True')
      );
    };
    await until(`a ring of ${members} members on ${this.gateways.length} gateways`, calm, deadlineMs, 50).catch(
      (error: Error) => {
        const warned = this.operator.process.lines.filter(({ level }) => level === 'warn' || level === 'error');
        throw new Error(`${error.message}; the cluster says ${last}; the controller warned ${JSON.stringify(warned)}`);
      },
    );
  }

  /** The controller's metrics, by their whole name with labels. */
  async metrics(): Promise<ReadonlyMap<string, number>> {
    const { text } = await http('GET', `http://127.0.0.1:${this.operator.probePort}/metrics`);
    return new Map(
      text
        .split('\n')
        .filter((line) => line !== '' && !line.startsWith('#'))
        .map((line) => {
          const end = line.lastIndexOf(' ');
          return [line.slice(0, end), Number(line.slice(end + 1))];
        }),
    );
  }

  async stop(): Promise<void> {
    await Promise.all(this.gateways.map(({ process }) => process.end('SIGKILL')));
    await this.operator.process.end('SIGTERM');
    await Promise.all([this.#redis.dispose(), this.#rabbitmq.dispose()]);
  }
}

const ROUTING = { routes: [{ path: '/whoami', key: { query: 'userId' } }] };

interface SeenPod {
  readonly metadata: { readonly name: string; readonly uid: string; readonly resourceVersion: string };
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

/** Unix ms when each pod became ready, as the API server tells it to anybody who watches; by name. */
export async function watchReady(api: KubernetesApi): Promise<{ at: ReadonlyMap<string, number>; stop(): void }> {
  const at = new Map<string, number>();
  const kube = connectKubernetes({ kubeconfig: api.kubeconfig, log: silentLogger });
  const informer = startInformer<SeenPod, true>({
    kube,
    resource: { apiVersion: 'v1', kind: 'Pod', plural: 'pods' },
    namespace: 'default',
    keep({ metadata: { name }, status }) {
      const ready = status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True');
      if (ready === true && !at.has(name)) at.set(name, performance.timeOrigin + performance.now());
      return true;
    },
    onChange: () => {},
    log: silentLogger,
  });
  await informer.whenSynced(10_000);
  return {
    at,
    stop() {
      void informer.close();
      kube.close();
    },
  };
}
