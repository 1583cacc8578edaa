import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePorts } from '@wscluster/testbed/ports';
import { LoggedProcess } from '../../e2e/support/processes.ts';
import { System, type SystemOptions } from '../../e2e/support/system.ts';
import { onSite, type Site } from './site.ts';

const controllerMain = fileURLToPath(new URL('../../../controller/src/main.ts', import.meta.url));

/** Several clusters under one controller process, each with gateways of its own. */
export class Neighbours {
  readonly systems: readonly System[];
  readonly #folder: string;
  /** Shared by the systems. */
  readonly #controller: { process: LoggedProcess; readonly apiPort: number; readonly probePort: number };
  readonly #env: Record<string, string>;

  private constructor(systems: readonly System[], folder: string, env: Record<string, string>, ports: number[]) {
    const [apiPort = 0, probePort = 0] = ports;
    this.systems = systems;
    this.#folder = folder;
    this.#env = env;
    for (const { name, directory } of systems) copyFileSync(join(directory, 'chat.yaml'), join(folder, `${name}.yaml`));
    this.#controller = { apiPort, probePort, process: this.#spawn(apiPort, probePort) };
    for (const { controllers } of systems) controllers.push(this.#controller);
  }

  static async begin(site: Site, clusters: readonly SystemOptions[]): Promise<Neighbours> {
    const { brokers } = site;
    const folder = mkdtempSync(join(tmpdir(), 'wsc-clusters-'));
    const systems: System[] = [];
    for (const options of clusters) systems.push(await System.begin(onSite(site, { ...options, controllers: 0 })));
    const env = {
      ...onSite(site, {}).controllerEnv,
      WSCLUSTER_RABBITMQ_URL: brokers.rabbitmqUrl,
      WSCLUSTER_REDIS_URL: brokers.redisUrl,
    };
    return new Neighbours(systems, folder, env, await freePorts(2));
  }

  /** Ends the controller, takes away the file of a cluster, and starts it again. */
  async restartWithout(name: string): Promise<void> {
    const { process, apiPort, probePort } = this.#controller;
    await process.end('SIGTERM');
    rmSync(join(this.#folder, `${name}.yaml`));
    this.#controller.process = this.#spawn(apiPort, probePort);
  }

  async stop(): Promise<void> {
    await Promise.all(this.systems.map((system) => system.stop()));
    rmSync(this.#folder, { recursive: true });
  }

  #spawn(apiPort: number, probePort: number): LoggedProcess {
    return new LoggedProcess(
      [
        controllerMain,
        ...['--cluster', this.#folder, '--state-dir', join(this.#folder, 'state')],
        ...['--api', `127.0.0.1:${apiPort}`, '--probes', `127.0.0.1:${probePort}`],
      ],
      this.#env,
    );
  }
}
