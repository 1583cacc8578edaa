import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { slotOf } from '@wscluster/ring';
import { freePorts } from '@wscluster/testbed/ports';
import { stringify } from 'yaml';
import { type Answer, http } from './http.ts';
import { LoggedProcess, processesNaming } from './processes.ts';
import { until } from './wait.ts';

const root = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url));

interface BrokerUrls {
  readonly rabbitmqUrl: string;
  readonly redisUrl: string;
}

export interface SystemOptions {
  /** The path of a cluster file, in place of one that is made of these options. `nodes` and `name` must be its own. */
  readonly file?: string;
  readonly nodes?: number;
  readonly gateways?: number;
  readonly drainSeconds?: number;
  readonly rebalance?: Record<string, unknown>;
  /** Beside those of the crowd. */
  readonly routes?: readonly Record<string, unknown>[];
  readonly command?: readonly string[];
  /** Default 1; several need brokers. */
  readonly controllers?: number;
  /** Default: the local bus and file store. */
  readonly brokers?: BrokerUrls;
  /** How each controller, from 0, reaches the brokers; default: as the gateways do. */
  readonly brokersOfController?: readonly BrokerUrls[];
  /** The same by the paths of files that hold the URLs. */
  readonly brokerFiles?: BrokerUrls;
  /** Nacos servers, `host:port`; the service has the cluster's name. Default: no registry. */
  readonly nacos?: readonly string[];
  /** Name of the cluster; default chat. */
  readonly name?: string;
  /** Further settings of the nodes, as in the cluster's file; possibly by the address of the cluster in the API. */
  readonly nodeSettings?: Record<string, unknown> | ((api: string) => Record<string, unknown>);
  /** Further arguments of the gateways. */
  readonly gatewayArgs?: readonly string[];
  /** Further environment of the gateways. */
  readonly gatewayEnv?: Record<string, string>;
  /** Further environment of the controllers. */
  readonly controllerEnv?: Record<string, string>;
}

export interface NodeView {
  readonly id: string;
  readonly address: string | null;
  readonly state: string;
  readonly ringId: number | null;
  readonly slots: number;
  readonly connections: number;
  readonly eventStreams: number;
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

interface Controller {
  process: LoggedProcess;
  readonly apiPort: number;
  readonly probePort: number;
}

/** A whole system of real processes in a folder of its own: controllers, their nodes, gateways. */
export class System {
  readonly directory: string;
  readonly name: string;
  readonly gateways: Gateway[] = [];
  readonly controllers: Controller[] = [];
  readonly #options: SystemOptions;
  readonly #clusterFile: string;

  private constructor(directory: string, clusterFile: string, options: SystemOptions) {
    this.directory = directory;
    this.name = options.name ?? 'chat';
    this.#options = options;
    this.#clusterFile = clusterFile;
  }

  /** A controller that stops leaves its nodes to the next one. */
  get #handsOver(): boolean {
    return this.#options.controllers !== undefined;
  }

  /** Of the first controller. */
  get controller(): LoggedProcess {
    return this.#first.process;
  }

  get apiPort(): number {
    return this.#first.apiPort;
  }

  get probePort(): number {
    return this.#first.probePort;
  }

  get #first(): Controller {
    const [controller] = this.controllers;
    if (controller === undefined) throw new Error('the system has no controller');
    return controller;
  }

  /** The controller that leads, by its own metrics; undefined when none says so now. */
  async leader(): Promise<Controller | undefined> {
    for (const controller of this.controllers) {
      if (controller.process.ended) continue;
      const metrics = await http('GET', `http://127.0.0.1:${controller.probePort}/metrics`).catch(() => undefined);
      if (metrics?.text.includes(`wscluster_leading{cluster="${this.name}"} 1`) === true) return controller;
    }
    return undefined;
  }

  /** Resolves once it is settled, or `signal` is aborted. */
  static async start(options: SystemOptions = {}, signal?: AbortSignal): Promise<System> {
    const system = await System.begin(options);
    try {
      await system.settled(options.nodes ?? 3, 60_000, signal);
    } catch (error) {
      await system.stop();
      throw error;
    }
    return system;
  }

  /** As start, but without waiting for anything. */
  static async begin(options: SystemOptions = {}): Promise<System> {
    const directory = mkdtempSync(join(tmpdir(), 'wsc-'));
    const clusterFile = options.file ?? join(directory, 'chat.yaml');
    const gatewayCount = options.gateways ?? 2;
    const controllerCount = options.controllers ?? 1;
    const ports = await freePorts(2 * (controllerCount + gatewayCount));
    if (options.file === undefined) writeFileSync(clusterFile, stringify(clusterOf(options, ports[0])));
    const system = new System(directory, clusterFile, options);
    for (let index = 0; index < controllerCount; index++) {
      const [apiPort = 0, probePort = 0] = ports.splice(0, 2);
      system.controllers.push({ apiPort, probePort, process: system.#spawnController(index, apiPort, probePort) });
    }
    for (let index = 0; index < gatewayCount; index++) {
      const [port = 0, probes = 0] = ports.splice(0, 2);
      const id = `gateway-${index + 1}`;
      system.gateways.push({ id, port, probes, process: system.#spawnGateway(id, port, probes) });
    }
    return system;
  }

  /**
   * Waits until `nodes` nodes are ready, all gateways route by the ring, and nothing is left to move, or until `signal`
   * is aborted.
   */
  async settled(nodes: number, deadlineMs = 60_000, signal?: AbortSignal): Promise<void> {
    let last = '';
    const calm = async () => {
      if (signal?.aborted === true) return true;
      const answer = await this.api('GET', '').catch((error: Error) => ({ status: 0, text: error.message }));
      last = answer.text;
      return answer.status === 200 && this.isSettled(answer.text, nodes);
    };
    try {
      await until(`${nodes} nodes ready and the ring settled`, calm, deadlineMs);
    } catch (error) {
      const stories = this.controllers.map(({ process: controller }) => controller.story);
      throw new Error(`${(error as Error).message}; the cluster says: ${last}; ${stories.join('; ')}`);
    }
  }

  /** Whether the API's answer about the cluster says what `settled` waits for. */
  isSettled(answer: string, nodes: number): boolean {
    const { status } = JSON.parse(answer) as {
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
  }

  gatewayUrl(index: number, path: string): string {
    return `http://127.0.0.1:${this.gateways[index]?.port}${path}`;
  }

  /** Client URLs for a key, one a gateway. */
  clientUrls(key: string): string[] {
    return this.gateways.map(({ port }) => `ws://127.0.0.1:${port}/websocket/connect/${encodeURIComponent(key)}`);
  }

  /** Calls the API below the cluster, at the first controller that runs. */
  api(method: string, path: string, body?: string, headers?: Record<string, string>): Promise<Answer> {
    const { apiPort } = this.controllers.find((controller) => !controller.process.ended) ?? this.#first;
    return http(method, `http://127.0.0.1:${apiPort}/api/v1/clusters/${this.name}${path}`, body, headers);
  }

  /** Changes the spec by a merge patch. */
  patch(spec: object): Promise<Answer> {
    return this.api('PATCH', '', JSON.stringify({ spec }), { 'content-type': 'application/merge-patch+json' });
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
    const record = join(this.directory, 'state', this.name, 'nodes', `${id}.json`);
    return (JSON.parse(readFileSync(record, 'utf8')) as { pid: number }).pid;
  }

  /** Writes another cluster file; a controller that starts from now on reads it. */
  declare(options: SystemOptions): void {
    writeFileSync(this.#clusterFile, stringify(clusterOf(options, this.apiPort)));
  }

  startController(index = 0): void {
    const controller = this.controllers[index];
    if (controller === undefined) return;
    controller.process = this.#spawnController(index, controller.apiPort, controller.probePort);
  }

  startGateway(index: number): void {
    const gateway = this.gateways[index];
    if (gateway !== undefined) gateway.process = this.#spawnGateway(gateway.id, gateway.port, gateway.probes);
  }

  /** Ends everything and fails when a process is left. */
  async stop(): Promise<void> {
    for (const { process: gateway } of this.gateways) gateway.signal('SIGCONT');
    for (const { process: controller } of this.controllers) controller.signal('SIGCONT');
    await Promise.all(this.gateways.map(({ process: gateway }) => gateway.end('SIGKILL')));
    await Promise.all(this.controllers.map(({ process: controller }) => controller.end('SIGTERM')));
    if (this.#handsOver)
      for (const { pid, command } of processesNaming(this.directory))
        if (command.includes(this.#options.command?.at(-1) ?? 'ws-node/src/main.ts')) process.kill(pid, 'SIGKILL');
    await until('all processes gone', () => processesNaming(this.directory).length === 0).catch((error: Error) => {
      const left = processesNaming(this.directory);
      for (const { pid } of left) process.kill(pid, 'SIGKILL');
      throw new Error(`${error.message}; left: ${left.map(({ pid, command }) => `${pid} ${command}`).join('; ')}`);
    });
    rmSync(this.directory, { recursive: true, force: true });
  }

  #spawnController(index: number, apiPort: number, probePort: number): LoggedProcess {
    const state = join(this.directory, 'state');
    mkdirSync(state, { recursive: true });
    return new LoggedProcess(
      [
        root('controller/src/main.ts'),
        ...['--cluster', this.#clusterFile, '--state-dir', state, '--stop-nodes', String(!this.#handsOver)],
        ...['--api', `127.0.0.1:${apiPort}`, '--probes', `127.0.0.1:${probePort}`],
      ],
      { ...this.#brokerEnv(this.#options.brokersOfController?.[index]), ...this.#options.controllerEnv },
    );
  }

  #brokerEnv(brokers = this.#options.brokers): Record<string, string> {
    const { brokerFiles } = this.#options;
    if (brokerFiles !== undefined)
      return { WSCLUSTER_RABBITMQ_URL_FILE: brokerFiles.rabbitmqUrl, WSCLUSTER_REDIS_URL_FILE: brokerFiles.redisUrl };
    if (brokers === undefined) return {};
    return { WSCLUSTER_RABBITMQ_URL: brokers.rabbitmqUrl, WSCLUSTER_REDIS_URL: brokers.redisUrl };
  }

  #spawnGateway(id: string, port: number, probes: number): LoggedProcess {
    return new LoggedProcess(
      [
        root('gateway/src/main.ts'),
        ...['--cluster', this.name, '--state-dir', join(this.directory, 'state'), '--id', id],
        ...['--listen', `127.0.0.1:${port}`, '--probes', `127.0.0.1:${probes}`, '--drain-seconds', '1'],
        ...(this.#options.gatewayArgs ?? []),
      ],
      { ...this.#brokerEnv(), ...this.#options.gatewayEnv },
    );
  }
}

function clusterOf(options: SystemOptions, apiPort = 0) {
  const { name = 'chat', nodeSettings = {} } = options;
  return {
    apiVersion: 'wscluster.io/v1alpha1',
    kind: 'WsCluster',
    metadata: { name },
    spec: {
      nodes: {
        replicas: options.nodes ?? 3,
        drainSeconds: options.drainSeconds ?? 20,
        ...(options.command === undefined ? {} : { command: options.command }),
        ...(typeof nodeSettings === 'function'
          ? nodeSettings(`http://127.0.0.1:${apiPort}/api/v1/clusters/${name}`)
          : nodeSettings),
      },
      routing: {
        routes: [
          { path: '/websocket/connect/{userId}', key: { param: 'userId' } },
          { path: '/websocket/send', key: { query: 'userId' } },
          { path: '/whoami', key: { query: 'userId' } },
          ...(options.routes ?? []),
        ],
      },
      // A busy machine is not to make a node lost.
      rebalance: { maxConnectionsPerSecond: 0, unreadyGraceSeconds: 60, ...options.rebalance },
      ...(options.nacos === undefined ? {} : { registry: { nacos: { servers: options.nacos } } }),
    },
  };
}
