// `npm run testbed` installs and builds what the tests' servers need. `npm run testbed -- up` starts one of each, or
// the named ones, prints their addresses as lines for a shell's environment, and ends them all on Ctrl-C.
import { once } from 'node:events';
import { baseImages, dockerEngine, provideServers, rabbitmqServer, redisServer } from '@wscluster/testbed';
import { kubernetesCluster } from '@wscluster/testbed/kubernetes';
import { nacosServer } from '@wscluster/testbed/nacos';

const SERVERS = {
  redis: () => start('WSCLUSTER_REDIS_URL', redisServer(), (server) => server.url),
  rabbitmq: () => start('WSCLUSTER_RABBITMQ_URL', rabbitmqServer(), (server) => server.url),
  nacos: () => start('WSCLUSTER_NACOS_SERVERS', nacosServer('3.1'), (server) => server.address),
  docker: () => start('DOCKER_HOST', engineWithImages(), (server) => server.host),
  kubernetes: () => start('KUBECONFIG', kubernetesCluster(), sayHowToLoad),
};
const BY_DEFAULT = ['redis', 'rabbitmq', 'nacos', 'docker'];

const USAGE = `usage: npm run testbed                      installs and builds
       npm run testbed -- up [SERVER...]    starts one of each server; by default ${BY_DEFAULT.join(', ')};
                                            there is ${Object.keys(SERVERS).at(-1)} too
`;

async function up(names) {
  // From here on, Ctrl-C during the start counts too.
  const stop = Promise.race(['SIGINT', 'SIGTERM', 'SIGHUP'].map((signal) => once(process, signal)));
  const starting = names.map((name) => SERVERS[name]());
  const ready = Promise.all(starting).then(async () => {
    process.stderr.write('All run. Ctrl-C ends them.\n');
    await stop;
  });
  try {
    await Promise.race([ready, stop]);
  } finally {
    const started = await Promise.allSettled(starting);
    await Promise.all(started.map(({ value }) => value?.dispose()));
  }
}

async function engineWithImages() {
  const engine = await dockerEngine();
  try {
    await baseImages(engine);
    return engine;
  } catch (error) {
    await engine.dispose();
    throw error;
  }
}

function sayHowToLoad(cluster) {
  const load = `ctr --address ${cluster.containerd} --namespace k8s.io images import -`;
  process.stderr.write(`Images for the cluster: docker save IMAGE... | ${load}\n`);
  return cluster.kubeconfig;
}

async function start(variable, server, value) {
  const started = await server;
  process.stdout.write(`${variable}=${value(started)}\n`);
  return started;
}

const [command, ...names] = process.argv.slice(2);
const isUp = command === 'up' && names.every((name) => Object.hasOwn(SERVERS, name));
if (command !== undefined && !isUp) {
  process.stderr.write(USAGE);
  process.exitCode = 2;
} else
  try {
    await provideServers();
    if (isUp) await up(names.length > 0 ? names : BY_DEFAULT);
    else process.stderr.write('Everything is there.\n');
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
