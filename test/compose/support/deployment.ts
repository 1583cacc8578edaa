import { fileURLToPath } from 'node:url';
import { slotOf } from '@wscluster/ring';
import { baseImages, type DockerEngine, dockerEngine, type EngineOptions } from '@wscluster/testbed';
import { freePorts } from '@wscluster/testbed/ports';
import { nacosInstances } from '../../brokers/support/agreement.ts';
import { type Answer, http } from '../../e2e/support/http.ts';
import type { NodeView, Owners, RingView } from '../../e2e/support/system.ts';
import { until } from '../../e2e/support/wait.ts';

export const REPOSITORY = fileURLToPath(new URL('../../..', import.meta.url));
const TOKEN = 'a-token-of-the-tests';

/** Published on loopback. */
type Ports = readonly [client: number, controller1: number, controller2: number, nacos: number];

interface GatewayView {
  readonly id: string;
  readonly inSync: boolean;
  readonly connections: number;
}

interface LogLine {
  readonly level: string;
  readonly event?: string;
  readonly msg: string;
}

export interface DeploymentOptions {
  /** Folder of the repository; default the one of this file. */
  readonly root?: string;
  /** Default: an engine whose socket is elsewhere than compose.yaml expects it. */
  readonly engine?: EngineOptions;
  /** Prepares the engine; resolves with further variables. */
  prepare?(engine: DockerEngine): Promise<Record<string, string>>;
}

/**
 * deploy/compose on an engine of the tests, as a user runs it; only ports, token and the path of the socket are the
 * test's own.
 */
export class Deployment {
  readonly engine: DockerEngine;
  readonly #root: string;
  readonly #files: readonly string[];
  readonly #ports: Ports;
  readonly #env: Record<string, string>;

  private constructor(engine: DockerEngine, root: string, files: readonly string[], ports: Ports, env: object) {
    this.engine = engine;
    this.#root = root;
    this.#files = files;
    this.#ports = ports;
    const [PORT, CONTROLLER_1_PORT, CONTROLLER_2_PORT, NACOS_PORT] = ports.map(String);
    this.#env = {
      ...{ PORT, CONTROLLER_1_PORT, CONTROLLER_2_PORT, NACOS_PORT, WSCLUSTER_API_TOKEN: TOKEN },
      ...env,
    } as Record<string, string>;
  }

  /**
   * Built, up and healthy. `files` are names in deploy/compose. It waits for the engine while others have it, and
   * builds the images of the code as it is now: minutes where nothing is cached.
   */
  static async up(files: readonly string[], options: DeploymentOptions = {}): Promise<Deployment> {
    const { root = REPOSITORY, engine: engineOptions = {} } = options;
    const engine = await dockerEngine(engineOptions);
    try {
      await baseImages(engine);
      const [client = 0, controller1 = 0, controller2 = 0, nacos = 0] = await freePorts(4);
      const socket = engineOptions.atMachineSocket ? {} : { DOCKER_SOCKET: engine.host.replace('unix://', '') };
      const env = { ...socket, ...(await options.prepare?.(engine)) };
      const deployment = new Deployment(engine, root, files, [client, controller1, controller2, nacos], env);
      await deployment.compose('up', '--build', '--detach', '--wait').catch(async (error: Error) => {
        const ailing = await deployment.#ailing().catch(String);
        throw new Error(`${error.message}\n${ailing}`, { cause: error });
      });
      return deployment;
    } catch (error) {
      await engine.dispose();
      throw error;
    }
  }

  /** Removes all of it; fails with what is left. */
  async down(): Promise<void> {
    try {
      await this.compose('down', '--volumes', '--timeout', '10');
      const left = await Promise.all([
        this.docker('ps', '--all', '--quiet', '--filter', 'label=com.docker.compose.project=wscluster'),
        this.docker('network', 'ls', '--quiet', '--filter', 'name=wscluster'),
        this.docker('volume', 'ls', '--quiet'),
      ]);
      if (left.some((ids) => ids !== '')) throw new Error(`down -v has left ${left.join(' ')}`);
    } finally {
      await this.engine.dispose();
    }
  }

  compose(...args: string[]): Promise<string> {
    const files = this.#files.flatMap((file) => ['--file', `deploy/compose/${file}`]);
    // Beside compose.yaml there may be a user's own .env.
    const own = ['--env-file', '/dev/null'];
    return this.engine.dockerWith({ cwd: this.#root, env: this.#env }, 'compose', ...own, ...files, ...args);
  }

  /** `docker compose up` with so many replicas; what runs already is left alone. */
  async scale(nodes: number, gateways = 2): Promise<void> {
    const replicas = ['--scale', `ws-node=${nodes}`, '--scale', `gateway=${gateways}`];
    await this.compose('up', '--detach', '--no-build', '--no-recreate', ...replicas);
  }

  /** Runs so many containers of this image as backends, in place of those that run; see bring-your-own.yaml. */
  async bring(image: string, replicas: number): Promise<void> {
    Object.assign(this.#env, { BACKEND_IMAGE: image, BACKEND_REPLICAS: String(replicas) });
    await this.compose('up', '--detach', '--no-build', '--timeout', '1');
  }

  async docker(...args: string[]): Promise<string> {
    return (await this.engine.docker(...args)).trim();
  }

  /**
   * Full ids of the running containers of a service. The image has its label too, and so have the controller's nodes.
   */
  async containers(service: string): Promise<string[]> {
    const labels = [`com.docker.compose.service=${service}`, 'com.docker.compose.config-hash'];
    const filters = labels.flatMap((label) => ['--filter', `label=${label}`]);
    return words(await this.docker('ps', '--quiet', '--no-trunc', ...filters));
  }

  /** Exit code of a container, once it has ended. */
  async exitCode(container: string): Promise<number> {
    return Number(await this.docker('wait', container));
  }

  /** What our processes in a container have logged. */
  async logs(container: string): Promise<LogLine[]> {
    const text = await this.docker('logs', container);
    return text.split('\n').map((line) => JSON.parse(line) as LogLine);
  }

  /** `host:port` of the load balancer, whatever gateway it takes. */
  get address(): string {
    return `127.0.0.1:${this.#ports[0]}`;
  }

  clientUrls(key: string): string[] {
    return [`ws://${this.address}/websocket/connect/${encodeURIComponent(key)}`];
  }

  /** Of the controller that may be standing by: it passes on what the page asks. */
  get dashboard() {
    const [client, , controller2] = this.#ports;
    return { url: `http://127.0.0.1:${controller2}`, token: TOKEN, gateways: `ws://127.0.0.1:${client}` };
  }

  /** Calls the API below the cluster at one of the controllers; both answer. */
  api(method: string, path: string, body?: string, controller: 1 | 2 = 1): Promise<Answer> {
    const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/merge-patch+json' };
    const url = `http://127.0.0.1:${this.#ports[controller]}/api/v1/clusters/chat${path}`;
    return http(method, url, body, body === undefined ? { authorization: headers.authorization } : headers);
  }

  async ring(controller: 1 | 2 = 1): Promise<RingView> {
    return this.#get('/ring?slots=true', controller);
  }

  async owners(controller: 1 | 2 = 1): Promise<Owners> {
    const { table, members } = await this.ring(controller);
    return (key) => members[table[slotOf(key)] ?? -1]?.nodeId;
  }

  async nodes(): Promise<NodeView[]> {
    return (await this.#get<{ nodes: NodeView[] }>('/nodes', 1)).nodes;
  }

  async gateways(): Promise<GatewayView[]> {
    return (await this.#get<{ gateways: GatewayView[] }>('/gateways', 1)).gateways;
  }

  /**
   * Waits until exactly these containers are members, in Nacos too, nothing is left to move, and every gateway has the
   * ring's revision. Fails with what differs.
   */
  async agreed(members: readonly string[], gateways = 2, deadlineMs = 120_000): Promise<void> {
    const wanted = String([...members].sort());
    let differs = '';
    const look = async () => {
      const { status } = await this.#get<ClusterView>('', 1);
      const ready = status.conditions.find(({ type }) => type === 'Ready');
      if (ready?.status !== 'True') return `the cluster is not ready: ${ready?.message}`;
      const views = await this.gateways();
      if (views.length !== gateways || views.some(({ inSync }) => !inSync)) return `gateways: ${JSON.stringify(views)}`;
      const ring = await this.ring();
      const found = String(ring.members.map(({ nodeId }) => nodeId).sort());
      if (found !== wanted) return `the ring has ${found}, not ${wanted}`;
      const addresses = String(ring.members.map(({ address }) => address).sort());
      const registered = String(await nacosInstances(`127.0.0.1:${this.#ports[3]}`, 'chat'));
      return registered === addresses ? '' : `Nacos has ${registered}, the ring ${addresses}`;
    };
    const agree = async () => {
      differs = await look().catch((error: Error) => error.message);
      return differs === '';
    };
    await until('members, gateways and Nacos agree', agree, deadlineMs, 50).catch((error: Error) => {
      throw new Error(`${error.message}: ${differs}`);
    });
  }

  /** State, health and log of the containers that are not healthy, and the last lines of all. */
  async #ailing(): Promise<string> {
    const service = '{{index .Config.Labels "com.docker.compose.service"}}';
    const state =
      '{{.Name}} {{with .State.Health}}{{.Status}}{{range .Log}} {{.Output}}{{end}}{{end}} is {{.State.Status}}, ' +
      'exit code {{.State.ExitCode}}, restarts {{.RestartCount}}, killed for memory {{.State.OOMKilled}}';
    const ids = words(await this.docker('ps', '--all', '--quiet'));
    const told = await Promise.all(
      ids.map(async (id) => {
        const stated = await this.docker('inspect', '--format', state, id);
        if (/^\S+ healthy/.test(stated)) return [];
        const logged = await this.compose('logs', '--no-color', await this.docker('inspect', '--format', service, id));
        return [stated, beginningAndEnd(logged)];
      }),
    );
    return [...told.flat(), await this.compose('logs', '--no-color', '--tail', '4')].join('\n');
  }

  async #get<Body>(path: string, controller: 1 | 2): Promise<Body> {
    const answer = await this.api('GET', path, undefined, controller);
    if (answer.status !== 200) throw new Error(`GET ${path}: ${answer.status} ${answer.text}`);
    return JSON.parse(answer.text) as Body;
  }
}

interface ClusterView {
  readonly status: { readonly conditions: { type: string; status: string; message: string }[] };
}

/** The cause of a failure is usually in the first lines, and what became of it in the last. */
function beginningAndEnd(log: string): string {
  return log.length <= 16_000 ? log : `${log.slice(0, 8_000)}\n...\n${log.slice(-8_000)}`;
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}
