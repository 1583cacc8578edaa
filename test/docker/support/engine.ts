import { type DockerEngine, dockerEngine } from '@wscluster/testbed';
import { afterAll, afterEach, beforeAll } from 'vitest';
import type { SystemOptions } from '../../e2e/support/system.ts';
import { sampleImage } from './sample-image.ts';

/** Another process may have the engine for some minutes. */
const ENGINE_PATIENCE_MS = 600_000;
const NETWORK = 'nodes';

/** A Docker engine with the sample backend's image. */
export interface Engine {
  readonly engine: DockerEngine;
  readonly image: string;
  /** Name of the network of all nodes; this host reaches them there. */
  readonly network: string;
  /** Runs the Docker CLI; what it wrote, trimmed. */
  docker(...args: string[]): Promise<string>;
  /** Runs a sample backend of somebody else's, labelled for the cluster; further arguments of `docker run`. Its id. */
  run(cluster: string, ...args: string[]): Promise<string>;
}

/** For the tests of a file. Each ends without containers, and with the engine running. */
export function useEngine(): () => Engine {
  let opened: Engine | undefined;
  let engine: DockerEngine | undefined;
  beforeAll(async () => {
    engine = await dockerEngine();
    opened = await prepared(engine);
  }, ENGINE_PATIENCE_MS);
  afterEach(async () => {
    if (opened === undefined) return;
    if (engine?.pid === undefined) await engine?.start();
    const containers = (await opened.docker('ps', '--all', '--quiet')).split('\n').filter((id) => id !== '');
    if (containers.length > 0) await opened.docker('rm', '--force', ...containers);
  });
  afterAll(() => engine?.dispose());
  return () => {
    if (opened === undefined) throw new Error('there is an engine only within a test');
    return opened;
  };
}

async function prepared(engine: DockerEngine): Promise<Engine> {
  const image = await sampleImage(engine);
  await engine.docker('network', 'create', NETWORK);
  const docker = async (...args: string[]) => (await engine.docker(...args)).trim();
  const run = (cluster: string, ...args: string[]) => {
    const network = args.includes('--network') ? [] : ['--network', NETWORK];
    return docker('run', '-d', '-l', `wscluster.io/cluster=${cluster}`, ...network, ...args, image);
  };
  return { engine, image, network: NETWORK, docker, run };
}

/** A system whose nodes are containers of the engine. */
export function onDocker({ engine, image, network }: Engine, options: SystemOptions): SystemOptions {
  return {
    ...options,
    controllerEnv: { WSCLUSTER_SOURCE: 'docker', WSCLUSTER_DOCKER_HOST: engine.host, ...options.controllerEnv },
    nodeSettings: { image, network, ...options.nodeSettings },
  };
}
