import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ServerProcess } from '../process/server-process.ts';
import type { Access } from './access.ts';
import type { Programs } from './programs.ts';

/** kube-scheduler, not started. It serves nothing: only waiting pods show that it is missing. */
export function scheduler(programs: Programs, folder: string, access: Access, url: string): ServerProcess {
  const own = join(folder, 'kube-scheduler');
  mkdirSync(own);
  return new ServerProcess({
    name: 'kube-scheduler',
    address: url,
    folder: own,
    command: [
      programs('kube-scheduler'),
      `--kubeconfig=${access.kubeconfig('scheduler', url, { token: access.tokenOf('scheduler') })}`,
      ...['--leader-elect=false', '--secure-port=0', '--profiling=false'],
    ],
    answers: () => Promise.resolve(true),
  });
}
