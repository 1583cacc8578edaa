import { provideCompose } from '../docker/compose.ts';
import { dockerEngine } from '../docker/engine.ts';
import { baseImages, baseImagesDigest } from '../images/base-images.ts';
import { builtCoredns } from '../kubernetes/node/coredns.ts';
import { builtKubernetes } from '../kubernetes/programs.ts';
import { provideNacos } from '../nacos/nacos.ts';
import { type Packages, provideByApt } from './apt.ts';
import { builtOnce } from './built.ts';

const PACKAGES: Packages = {
  'util-linux': ['setpriv'],
  'redis-server': ['redis-server'],
  'redis-tools': ['redis-cli'],
  'rabbitmq-server': ['/usr/lib/rabbitmq/bin/rabbitmq-server'],
  'erlang-base': ['epmd'],
  'docker.io': ['dockerd', '/usr/bin/docker'],
  iptables: ['iptables'],
  openssl: ['openssl'],
  'etcd-server': ['etcd'],
  containerd: ['containerd', 'ctr'],
  'containernetworking-plugins': ['/usr/lib/cni/ptp'],
  iproute2: ['ip'],
  debootstrap: ['debootstrap'],
};

/**
 * Installs and builds all that the servers of the testbed need, unless it is there. Throws an Error that says what is
 * missing where it may not install.
 */
export async function provideServers(): Promise<void> {
  await provideByApt(PACKAGES);
  // The one waits for the processor, the other mostly for the network.
  const builtByGo = provideCompose().then(builtKubernetes).then(builtCoredns);
  await Promise.all([builtByGo, provideNacos().then(provideBaseImages)]);
}

/** A folder of the cache marks that the images are made: to look at them takes an engine, which takes a second. */
async function provideBaseImages(): Promise<void> {
  await builtOnce(`docker/images-${await baseImagesDigest()}`, 'the base images', async () => {
    const engine = await dockerEngine();
    try {
      await baseImages(engine);
    } finally {
      await engine.dispose();
    }
  });
}
