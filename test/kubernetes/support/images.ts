import { fileURLToPath } from 'node:url';
import { baseImages, type DockerEngine, dockerEngine } from '@wscluster/testbed';
import { type KubernetesCluster, kubernetesCluster } from '@wscluster/testbed/kubernetes';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** Of deploy/Dockerfile, under the names that deploy/k8s has for them. */
const TARGETS = ['controller', 'gateway', 'ws-node'] as const;
const BROKERS = ['redis:7.0', 'rabbitmq:3.10', 'nacos/nacos-server:v3.1.0'];

/**
 * Builds the three images of the code as it is now, and those of the brokers; all tags that deploy/k8s/dev and its
 * samples name. Takes some seconds, minutes the first time.
 */
export async function kubernetesImages(engine: DockerEngine): Promise<string[]> {
  await baseImages(engine);
  const ours: string[] = [];
  for (const target of TARGETS) {
    const tag = `wscluster/${target}:dev`;
    // The network of the host: npm reaches its registry as it does here.
    const flags = ['--quiet', '--network', 'host', '--file', 'deploy/Dockerfile', '--target', target, '--tag', tag];
    await engine.dockerWith({ cwd: root }, 'build', ...flags, '.');
    ours.push(tag);
  }
  return [...ours, ...BROKERS];
}

/**
 * A cluster whose node has the images that `build` makes; by default ours and those of the brokers. The engine, of
 * which the machine has one, is needed no longer: other tests get it as soon as the images are copied.
 */
export async function clusterWithImages(
  build: (engine: DockerEngine) => Promise<string[]> = kubernetesImages,
): Promise<KubernetesCluster> {
  const engine = await dockerEngine();
  let cluster: KubernetesCluster | undefined;
  try {
    const tags = await build(engine);
    cluster = await kubernetesCluster();
    await cluster.loadImages(engine, tags);
    return cluster;
  } catch (error) {
    await cluster?.dispose();
    throw error;
  } finally {
    await engine.dispose();
  }
}
