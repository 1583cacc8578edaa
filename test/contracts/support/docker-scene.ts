import { createHash, randomBytes } from 'node:crypto';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SourceHandlers, WorkloadSource } from '@wscluster/controller';
import {
  type DockerNodeSettings,
  type DockerSourceOptions,
  openDockerSource,
} from '@wscluster/controller/adapters/docker';
import { silentLogger } from '@wscluster/service';
import { baseImages, type DockerEngine } from '@wscluster/testbed';
import { expect } from 'vitest';

const NODE_SCRIPT = fileURLToPath(new URL('./docker-node.ts', import.meta.url));

/** The image of docker-node.ts; built once for each version of it. */
export async function nodeImage(engine: DockerEngine): Promise<string> {
  const dockerfile =
    'FROM node:24-bookworm-slim\nCOPY docker-node.ts /docker-node.ts\nENTRYPOINT []\nCMD ["node", "/docker-node.ts"]\n';
  const digest = createHash('sha256').update(dockerfile).update(readFileSync(NODE_SCRIPT)).digest('hex').slice(0, 12);
  const tag = `wscluster-test/node:${digest}`;
  if ((await engine.docker('images', '-q', tag)).trim() !== '') return tag;
  await baseImages(engine);
  const context = mkdtempSync(join(tmpdir(), 'wsc-image-'));
  writeFileSync(join(context, 'Dockerfile'), dockerfile);
  copyFileSync(NODE_SCRIPT, join(context, 'docker-node.ts'));
  await engine.docker('build', '-q', '-t', tag, context);
  rmSync(context, { recursive: true });
  return tag;
}

/** A cluster of its own on the engine: a name, a network, and what is kept for the next controller. */
export interface DockerScene {
  readonly cluster: string;
  readonly network: string;
  readonly image: string;
  /** What the controller keeps of drains. */
  readonly drains: Record<string, number>;
  /** May be changed while a source is open. */
  settings: DockerNodeSettings;
  open(handlers: SourceHandlers, options?: Partial<DockerSourceOptions>): Promise<WorkloadSource>;
  /**
   * Runs a container of somebody else's with the cluster's label; the arguments of `docker run` before the image, and
   * the command after it.
   */
  run(args?: readonly string[], command?: readonly string[]): Promise<string>;
  docker(...args: string[]): Promise<string>;
  /** One network more; its name. */
  addNetwork(): Promise<string>;
  /** Pids on this host of all processes of a container. When the first one ends, the kernel ends the others. */
  pids(id: string): Promise<number[]>;
  /** Makes the node answer its probes otherwise; see docker-node.ts. */
  tell(id: string, what: string): Promise<void>;
  /** Removes all that was run; fails when a managed container is left. */
  dispose(): Promise<void>;
}

export async function dockerScene(engine: DockerEngine): Promise<DockerScene> {
  const image = await nodeImage(engine);
  const cluster = `test-${randomBytes(4).toString('hex')}`;
  const network = `${cluster}-net`;
  const docker = async (...args: string[]) => (await engine.docker(...args)).trim();
  const label = `wscluster.io/cluster=${cluster}`;
  await docker('network', 'create', network);
  const networks = [network];
  const scene: DockerScene = {
    cluster,
    network,
    image,
    drains: {},
    settings: {
      image,
      port: 8080,
      selector: { 'wscluster.io/cluster': cluster },
      addressFrom: 'network',
      network,
      publishedHost: '127.0.0.1',
      drainSeconds: 5,
      readiness: {},
    },
    docker,
    async addNetwork() {
      const name = `${network}-${networks.length + 1}`;
      await docker('network', 'create', name);
      networks.push(name);
      return name;
    },
    open: (handlers, options = {}) =>
      openDockerSource(
        {
          connection: { host: engine.host },
          cluster,
          settings: () => scene.settings,
          drains: {
            load: async () => ({ ...scene.drains }),
            save: async (drains) => {
              for (const id of Object.keys(scene.drains)) delete scene.drains[id];
              Object.assign(scene.drains, drains);
            },
          },
          log: silentLogger,
          ...options,
        },
        handlers,
      ),
    run: (args = ['--network', network], command = []) =>
      docker('run', '-d', '--init', '-l', label, ...args, image, ...command),
    async pids(id) {
      const [, ...lines] = (await docker('top', id, '-o', 'pid')).split('\n');
      return lines.map(Number);
    },
    async tell(id, what) {
      await docker('exec', id, 'node', '-e', `fetch('http://127.0.0.1:8080/set?${what}')`);
    },
    async dispose() {
      const ids = async (...filters: string[]) =>
        (await docker('ps', '-aq', ...filters.flatMap((filter) => ['--filter', `label=${filter}`])))
          .split('\n')
          .filter((id) => id !== '');
      const managed = await ids(label, 'wscluster.io/managed=true');
      const all = await ids(label);
      if (all.length > 0) await docker('rm', '-f', ...all);
      await docker('network', 'rm', ...networks);
      expect(managed, 'managed containers that were left').toEqual([]);
    },
  };
  return scene;
}
