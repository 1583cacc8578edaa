import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from '../../install/cache.ts';
import { needProgram } from '../../process/find-program.ts';
import { run } from '../../process/run.ts';
import type { ServerProcess } from '../../process/server-process.ts';
import { PODS } from './addresses.ts';
import type { Namespaces } from './namespaces.ts';
import { PAUSE_IMAGE } from './pause-image.ts';

/** containerd of a node, not started; its images stay in the cache. */
export interface Containerd {
  readonly process: ServerProcess;
  readonly socket: string;
  /** Arguments of `ctr` for this containerd and the namespace of Kubernetes. */
  readonly ctr: readonly string[];
  /** Removes all containers, running or not. */
  removeContainers(): Promise<void>;
}

/** Where the images are. */
export function imagesFolder(): string {
  return join(cacheFolder(), 'kubernetes', 'containerd');
}

export function nodeContainerd(folder: string, node: Namespaces): Containerd {
  const own = join(folder, 'containerd');
  const socket = join(own, 'containerd.sock');
  const config = join(own, 'config.toml');
  mkdirSync(join(own, 'cni'), { recursive: true });
  mkdirSync(imagesFolder(), { recursive: true });
  writeFileSync(config, containerdConfig(own, socket));
  writeFileSync(join(own, 'cni', 'pods.conflist'), JSON.stringify(podNetwork(own), undefined, 2));
  const ctr = ['--address', socket, '--namespace', 'k8s.io'];
  const ids = async (kind: string) =>
    (await run('ctr', [...ctr, kind, 'list', '--quiet'])).split('\n').filter((id) => id !== '');
  // What the kubelet began before it ended, and containerd itself, may remove some at the same time.
  const removeAll = async (kind: string, ...options: string[]) => {
    for (let tries = 5; ; tries--) {
      const all = await ids(kind);
      if (all.length === 0) return;
      try {
        await run('ctr', [...ctr, kind, 'delete', ...options, ...all]);
      } catch (error) {
        if (tries === 0) throw error;
      }
    }
  };
  const program = needProgram('containerd', 'containerd');
  return {
    process: node.server({
      name: 'containerd of the node',
      address: socket,
      folder: own,
      command: [program, '--config', config],
      answers: () =>
        run('ctr', [...ctr, 'version']).then(
          () => true,
          () => false,
        ),
    }),
    socket,
    ctr,
    removeContainers: async () => {
      await removeAll('tasks', '--force');
      await removeAll('containers');
    },
  };
}

function containerdConfig(folder: string, socket: string): string {
  return `version = 2
root = "${imagesFolder()}"
state = "/run/containerd"
[grpc]
address = "${socket}"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "${PAUSE_IMAGE}"
# Where root lacks CAP_SYS_RESOURCE, no sandbox can be made otherwise.
restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "/usr/lib/cni"
conf_dir = "${join(folder, 'cni')}"
`;
}

/** Each pod has its own link to its node, so that all traffic between pods is routed and passes kube-proxy's rules. */
function podNetwork(folder: string): object {
  const addresses = { type: 'host-local', dataDir: join(folder, 'addresses'), ranges: [[{ subnet: PODS }]] };
  return {
    cniVersion: '0.4.0',
    name: 'pods',
    plugins: [
      { type: 'ptp', ipMasq: false, ipam: { ...addresses, routes: [{ dst: '0.0.0.0/0' }] } },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  };
}
