import { fileURLToPath } from 'node:url';
import { baseImages, type DockerEngine } from '@wscluster/testbed';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/**
 * The sample backend as deploy/Dockerfile makes it, of the code as it is now. Some seconds, a minute the first time.
 */
export async function sampleImage(engine: DockerEngine): Promise<string> {
  await baseImages(engine);
  const tag = 'wscluster-test/ws-node:sample';
  const options = { cwd: root };
  // The network of the host: npm reaches its registry as it does here.
  const flags = ['--quiet', '--network', 'host', '--file', 'deploy/Dockerfile', '--target', 'ws-node', '--tag', tag];
  await engine.dockerWith(options, 'build', ...flags, '.');
  return tag;
}
