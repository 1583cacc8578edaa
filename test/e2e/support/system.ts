import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { slotOf } from '@wscluster/ring';
import { stringify } from 'yaml';
import { type Answer, http } from './http.ts';
import { freePorts, LoggedProcess, processesNaming } from './processes.ts';
import { until } from './wait.ts';

const root = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url));

export interface SystemOptions {
  readonly nodes?: number;
  readonly gateways?: number;
  readonly drainSeconds?: number;
  readonly rebalance?: Record<string, unknown>;
  readonly command?: readonly string[];
}

export interface NodeView {
  readonly id: string;
  readonly address: string | null;
  readonly state: string;
  readonly ringId: number | null;
  readonly slots: number;
  readonly connections: number;
}

export interface RingView {
  readonly revision: { epoch: number; version: number };
  readonly movableUpTo: { epoch: number; version: number };
  readonly members: { ringId: number; nodeId: string; address: string; state: string; slots: number; share: number }[];
  readonly table: number[];
}

/** Owner node of every key, as the controller's ring had it at one moment. */
export type Owners = (key: string) => string | undefined;

interface Gateway {
  process: LoggedProcess;
  readonly port: number;
  readonly probes: number;
  readonly id: string;
}

/** A whole system of real processes in a folder of its own: a controller, its nodes, gateways. */
export class System {
  readonly directory: string;
  readonly apiPort: number;
  readonly probePort: number;
  readonly gateways: Gateway[] = [];
  readonly #clusterFile: string;
  controller: LoggedProcess;

  private constructor(directory: string, clusterFile: string, apiPort: number, probePort: number) {
    this.directory = directory;
    this.#clusterFile = clusterFile;
    this.apiPort = apiPort;
    this.probePort = probePort;
    this.controller = this.#spawnController();
  }

  static async start(options: SystemOptions = {}): Promise<System> {
    const directory = mkdtempSync(join(tmpdir(), 'wsc-'));
    const clusterFile = join(directory, 'chat.yaml');
    const gatewayCount = options.gateways ?? 2;
    const [apiPort = 0, probePort = 0, ...ports] = await freePorts(2 + 2 * gatewayCount);
    writeFileSync(clusterFile, stringify(clusterOf(options)));
    const system = new System(directory, clusterFile, apiPort, probePort);
    try {
      for (let index = 0; index < gatewayCount; index++)
        system.gateways.push({
          id: `gateway-${index + 1}`,
          port: ports[2 * index] ?? 0,
          probes: ports[2 * index + 1] ?? 0,
          process: system.#spawnGateway(`gateway-${index + 1}`, ports[2 * index] ?? 0, ports[2 * index + 1] ?? 0),
        });
      await system.settled(options.nodes ?? 3);
    } catch (error) {
      await system.stop();
      throw error;
    }
    return system;
  }

  /** Waits until `nodes` nodes are ready, all gateways route by the ring, and nothing is left to move. */
  async settled(nodes: number, deadlineMs = 30_000): Promise<void> {
    let last = '';
    const calm = async () => {
      const answer = await this.api('GET', '').catch((error: Error) => ({ status: 0, text: error.message }));
      last = answer.text;
      if (answer.status !== 200) return false;
      const { status } = JSON.parse(answer.text) as {
        status: {
          conditions: { type: string; status: string }[];
          nodes: { ready: number; draining: number };
          gateways: { inSync: number };
        };
      };
      const live = this.gateways.filter((gateway) => !gateway.process.ended).length;
      return (
        status.conditions.some(({ type, status: value }) => type === 'Ready' && value === 'True') &&
        status.nodes.ready === nodes &&
        status.nodes.draining === 0 &&
        status.gateways.inSync === live
      );
    };
    try {
      await until(`${nodes} nodes ready and the ring settled`, calm, deadlineMs);
    } catch (error) {
      throw new Error(`${(error as Error).message}; the cluster says: ${last}`);
    }
  }

  gatewayUrl(index: number, path: string): string {
    return `http://127.0.0.1:${this.gateways[index]?.port}${path}`;
  }

  /** Client URLs for a key, one a gateway. */
  clientUrls(key: string): string[] {
    return this.gateways.map(({ port }) => `ws://127.0.0.1:${port}/websocket/connect/${encodeURIComponent(key)}`);
  }

  /** Calls the API below the cluster. */
  api(method: string, path: string, body?: string, headers?: Record<string, string>): Promise<Answer> {
    return http(method, `http://127.0.0.1:${this.apiPort}/api/v1/clusters/chat${path}`, body, headers);
  }

  async nodes(): Promise<NodeView[]> {
    return (JSON.parse((await this.api('GET', '/nodes')).text) as { nodes: NodeView[] }).nodes;
  }

  async ring(): Promise<RingView> {
    return JSON.parse((await this.api('GET', '/ring?slots=true')).text) as RingView;
  }

  async owners(): Promise<Owners> {
    const { table, members } = await this.ring();
    return (key) => members[table[slotOf(key)] ?? -1]?.nodeId;
  }

  async addNode(): Promise<string> {
    return (JSON.parse((await this.api('POST', '/nodes')).text) as { id: string }).id;
  }

  /** The process id of a node, from its record. */
  nodePid(id: string): number {
    const record = join(this.directory, 'state', 'chat', 'nodes', `${id}.json`);
    return (JSON.parse(readFileSync(record, 'utf8')) as { pid: number }).pid;
  }

  /** Writes another cluster file; a controller that starts from now on reads it. */
  declare(options: SystemOptions): void {
    writeFileSync(this.#clusterFile, stringify(clusterOf(options)));
  }

  startController(): void {
    this.controller = this.#spawnController();
  }

  startGateway(index: number): void {
    const gateway = this.gateways[index];
    if (gateway !== undefined) gateway.process = this.#spawnGateway(gateway.id, gateway.port, gateway.probes);
  }

  /** Ends everything and fails when a process is left. */
  async stop(): Promise<void> {
    for (const { process: gateway } of this.gateways) gateway.signal('SIGCONT');
    await Promise.all(this.gateways.map(({ process: gateway }) => gateway.end('SIGKILL')));
    await this.controller.end('SIGTERM');
    await until('all processes gone', () => processesNaming(this.directory).length === 0, 10_000).catch(
      (error: Error) => {
        const left = processesNaming(this.directory);
        for (const { pid } of left) process.kill(pid, 'SIGKILL');
        throw new Error(`${error.message}; left: ${left.map(({ pid, command }) => `${pid} ${command}`).join('; ')}`);
      },
    );
    rmSync(this.directory, { recursive: true, force: true });
  }

  #spawnController(): LoggedProcess {
    const state = join(this.directory, 'state');
    mkdirSync(state, { recursive: true });
    return new LoggedProcess([
      root('controller/src/main.ts'),
      ...['--cluster', this.#clusterFile, '--state-dir', state, '--stop-nodes', 'true'],
      ...['--api', `127.0.0.1:${this.apiPort}`, '--probes', `127.0.0.1:${this.probePort}`],
    ]);
  }

  #spawnGateway(id: string, port: number, probes: number): LoggedProcess {
    return new LoggedProcess([
      root('gateway/src/main.ts'),
      ...['--cluster', 'chat', '--state-dir', join(this.directory, 'state'), '--id', id],
      ...['--listen', `127.0.0.1:${port}`, '--probes', `127.0.0.1:${probes}`, '--drain-seconds', '1'],
    ]);
  }
}

function clusterOf(options: SystemOptions) {
  return {
    apiVersion: 'wscluster.io/v1alpha1',
    kind: 'WsCluster',
    metadata: { name: 'chat' },
    spec: {
      nodes: {
        replicas: options.nodes ?? 3,
        drainSeconds: options.drainSeconds ?? 20,
        ...(options.command === undefined ? {} : { command: options.command }),
      },
      routing: {
        routes: [
          { path: '/websocket/connect/{userId}', key: { param: 'userId' } },
          { path: '/websocket/send', key: { query: 'userId' } },
          { path: '/whoami', key: { query: 'userId' } },
        ],
      },
      rebalance: { maxConnectionsPerSecond: 0, ...options.rebalance },
    },
  };
}
