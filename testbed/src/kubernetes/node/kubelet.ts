import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ServerProcess } from '../../process/server-process.ts';
import type { Access } from '../access.ts';
import { DNS_SERVICE, DOMAIN } from '../addresses.ts';
import { askApi } from '../https.ts';
import type { Programs } from '../programs.ts';
import { NODE_ADDRESS } from './addresses.ts';
import { CGROUP } from './cgroup.ts';
import type { Containerd } from './containerd.ts';
import type { Namespaces } from './namespaces.ts';

export interface KubeletOptions {
  readonly programs: Programs;
  readonly folder: string;
  readonly access: Access;
  /** Of the API server. */
  readonly url: string;
  readonly name: string;
  readonly node: Namespaces;
  readonly containerd: Containerd;
}

/** The kubelet of a node, not started. It counts as started once its node accepts pods. */
export async function nodeKubelet(options: KubeletOptions): Promise<ServerProcess> {
  const { programs, folder, access, url, name, node, containerd } = options;
  const own = join(folder, 'kubelet');
  mkdirSync(own);
  const [client, server] = await Promise.all([
    access.authority.issue('kubelet', `/O=system:nodes/CN=system:node:${name}`, 'extendedKeyUsage=clientAuth'),
    access.authority.issue(
      'kubelet-server',
      `/CN=${name}`,
      `subjectAltName=IP:${NODE_ADDRESS},DNS:${name}`,
      'extendedKeyUsage=serverAuth',
    ),
  ]);
  const config = join(own, 'config.yaml');
  // A copy: inside the node a link into /run leads nowhere.
  cpSync('/etc/resolv.conf', join(own, 'resolv.conf'), { dereference: true });
  writeFileSync(config, JSON.stringify(kubeletConfig(own, server, access, containerd), undefined, 2));
  const command = [
    ...[`--config=${config}`, `--kubeconfig=${access.kubeconfig('kubelet', url, { certificate: client })}`],
    ...[`--root-dir=${join(own, 'root')}`, `--cert-dir=${join(own, 'certificates')}`],
    ...[`--hostname-override=${name}`, `--node-ip=${NODE_ADDRESS}`],
  ];
  return node.server({
    name: 'kubelet',
    address: `${NODE_ADDRESS}:10250`,
    folder: own,
    command: [programs('kubelet'), ...command],
    answers: async () => takesPods(await askApi(`${url}/api/v1/nodes/${name}`, access)),
  });
}

function kubeletConfig(folder: string, server: string, access: Access, containerd: Containerd): object {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    address: NODE_ADDRESS,
    healthzPort: 0,
    authentication: { anonymous: { enabled: false }, x509: { clientCAFile: access.authority.certificate } },
    authorization: { mode: 'Webhook' },
    tlsCertFile: join(server, 'cert.pem'),
    tlsPrivateKeyFile: join(server, 'key.pem'),
    containerRuntimeEndpoint: `unix://${containerd.socket}`,
    cgroupDriver: 'cgroupfs',
    cgroupRoot: `/${CGROUP}`,
    clusterDNS: [DNS_SERVICE],
    clusterDomain: DOMAIN,
    resolvConf: join(folder, 'resolv.conf'),
    volumePluginDir: join(folder, 'volume-plugins'),
    failSwapOn: false,
    oomScoreAdj: 0,
    // The disk of a small machine may be almost full, and images are kept on purpose.
    evictionHard: { 'memory.available': '50Mi', 'nodefs.available': '1%', 'imagefs.available': '1%' },
    imageGCHighThresholdPercent: 100,
  };
}

interface NodeObject {
  readonly spec?: { readonly taints?: readonly unknown[] };
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

/** Ready, and no longer tainted as not ready. */
function takesPods(answer: string | undefined): boolean {
  if (answer === undefined) return false;
  const { spec, status } = JSON.parse(answer) as NodeObject;
  const ready = status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
  return ready && (spec?.taints ?? []).length === 0;
}
