import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ServerProcess } from '../process/server-process.ts';
import type { Access } from './access.ts';
import { askApi } from './https.ts';
import type { Programs } from './programs.ts';

/**
 * kube-controller-manager, not started. It counts as started once pods can be created, since it creates their service
 * accounts.
 */
export function controllerManager(programs: Programs, folder: string, access: Access, url: string): ServerProcess {
  const own = join(folder, 'kube-controller-manager');
  mkdirSync(own);
  return new ServerProcess({
    name: 'kube-controller-manager',
    address: url,
    folder: own,
    command: [
      programs('kube-controller-manager'),
      `--kubeconfig=${access.kubeconfig('controller-manager', url, { token: access.tokenOf('controller-manager') })}`,
      `--service-account-private-key-file=${access.accountKey}`,
      `--root-ca-file=${access.authority.certificate}`,
      '--use-service-account-credentials',
      '--leader-elect=false',
      // By default it may make 20 requests a second, and would need some seconds for its own service accounts.
      ...['--kube-api-qps=1000', '--kube-api-burst=1000'],
      '--secure-port=0',
      '--profiling=false',
    ],
    answers: async () =>
      (await askApi(`${url}/api/v1/namespaces/default/serviceaccounts/default`, access)) !== undefined,
  });
}
