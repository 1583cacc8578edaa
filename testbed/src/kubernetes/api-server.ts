import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ServerProcess } from '../process/server-process.ts';
import type { Access } from './access.ts';
import { DOMAIN, SERVICES } from './addresses.ts';
import { askApi } from './https.ts';
import type { Programs } from './programs.ts';

export interface ApiServerOptions {
  /** An address of the machine; pods cannot reach loopback. */
  readonly host: string;
  readonly port: number;
  readonly etcdUrl: string;
}

/** kube-apiserver, not started. */
export function apiServer(
  programs: Programs,
  folder: string,
  access: Access,
  options: ApiServerOptions,
): ServerProcess {
  const own = join(folder, 'kube-apiserver');
  const address = `${options.host}:${options.port}`;
  const loopback = options.host === '127.0.0.1';
  const { certificate } = access.authority;
  const serves = async (path: string) => (await askApi(`https://${address}${path}`, access)) !== undefined;
  mkdirSync(own);
  return new ServerProcess({
    name: 'kube-apiserver',
    address,
    folder: own,
    command: [
      programs('kube-apiserver'),
      `--etcd-servers=${options.etcdUrl}`,
      ...[`--bind-address=${options.host}`, `--secure-port=${options.port}`, `--cert-dir=${own}`],
      ...[`--tls-cert-file=${access.server}/cert.pem`, `--tls-private-key-file=${access.server}/key.pem`],
      ...[`--client-ca-file=${certificate}`, `--token-auth-file=${access.tokens}`],
      '--authorization-mode=Node,RBAC',
      '--enable-admission-plugins=NodeRestriction',
      `--service-account-issuer=https://kubernetes.default.svc.${DOMAIN}`,
      `--service-account-key-file=${access.accountKey}`,
      `--service-account-signing-key-file=${access.accountKey}`,
      `--service-cluster-ip-range=${SERVICES}`,
      // The endpoints of the Service `kubernetes` must not be on loopback.
      ...(loopback ? ['--endpoint-reconciler-type=none'] : [`--advertise-address=${options.host}`]),
      `--kubelet-certificate-authority=${certificate}`,
      `--kubelet-client-certificate=${access.kubeletClient}/cert.pem`,
      `--kubelet-client-key=${access.kubeletClient}/key.pem`,
      '--kubelet-preferred-address-types=InternalIP',
      '--allow-privileged',
      // Without it a stop waits for open watches, which last for minutes.
      '--shutdown-send-retry-after',
      '--profiling=false',
    ],
    // The second is created shortly after the first is true.
    answers: async () => (await serves('/readyz')) && (await serves('/api/v1/namespaces/default')),
  });
}
