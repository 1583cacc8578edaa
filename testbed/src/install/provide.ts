import { provideCompose } from '../docker/compose.ts';
import { dockerEngine } from '../docker/engine.ts';
import { baseImages, baseImagesDigest } from '../images/base-images.ts';
import { builtCoredns } from '../kubernetes/node/coredns.ts';
import { builtKubernetes } from '../kubernetes/programs.ts';
import { provideNacos } from '../nacos/nacos.ts';
import { type Packages, provideByApt } from './apt.ts';
import { builtOnce } from './built.ts';

export { provideChromium } from '../clients/chromium.ts';
export { installedByPip, providePython } from '../clients/python.ts';
export { provideCompose } from '../docker/compose.ts';
export { provideNacos } from '../nacos/nacos.ts';
export { builtGoProgram, provideGo } from './go.ts';
export { builtJavaProgram, provideMaven } from './maven.ts';
export { installedByNpm } from './npm.ts';

// Each function installs and builds what one kind of server needs, unless it is there already. If it may not install
// it, it throws an Error that says what is missing.

const BROKERS: Packages = {
  'util-linux': ['setpriv'],
  'redis-server': ['redis-server'],
  'redis-tools': ['redis-cli'],
  'rabbitmq-server': ['/usr/lib/rabbitmq/bin/rabbitmq-server'],
  'erlang-base': ['epmd', 'erl_call'],
  openssl: ['openssl'],
};

const DOCKER: Packages = {
  'util-linux': ['setpriv'],
  'docker.io': ['dockerd', '/usr/bin/docker'],
  iptables: ['iptables'],
  openssl: ['openssl'],
  debootstrap: ['debootstrap'],
};

const KUBERNETES: Packages = {
  'util-linux': ['setpriv'],
  openssl: ['openssl'],
  'etcd-server': ['etcd'],
  containerd: ['containerd', 'ctr'],
  'containernetworking-plugins': ['/usr/lib/cni/ptp'],
  iproute2: ['ip'],
  iptables: ['iptables'],
};

const PROXIES: Packages = {
  'util-linux': ['setpriv', 'taskset', 'unshare'],
  iproute2: ['ip'],
  nginx: ['nginx'],
  haproxy: ['haproxy'],
};

/** What wscluster is compared with, and what keeps them apart. */
export function provideProxies(): Promise<void> {
  return provideByApt(PROXIES);
}

/** Redis and RabbitMQ. */
export function provideBrokers(): Promise<void> {
  return provideByApt(BROKERS);
}

/** The Docker engine, and the images that ours and the compose file are based on. */
export async function provideImages(): Promise<void> {
  await provideByApt(DOCKER);
  // A folder in the cache marks that the images exist: to check them takes an engine, which takes a second.
  await builtOnce(`docker/images-${await baseImagesDigest()}`, 'the base images', async () => {
    const engine = await dockerEngine();
    try {
      await baseImages(engine);
    } finally {
      await engine.dispose();
    }
  });
}

/** The API server and everything that a node needs. */
export async function provideKubernetes(): Promise<void> {
  await provideByApt(KUBERNETES);
  await builtKubernetes();
  await builtCoredns();
}

/** All of them. What waits for the network runs in parallel with what waits for the processor. */
export async function provideServers(): Promise<void> {
  await provideByApt({ ...BROKERS, ...DOCKER, ...KUBERNETES });
  const builtByGo = provideCompose().then(provideKubernetes);
  await Promise.all([builtByGo, provideNacos().then(provideImages)]);
}
