import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { childrenOf } from '../../process/children.ts';
import { needProgram } from '../../process/find-program.ts';
import { type Command, ServerProcess, type ServerProcessOptions } from '../../process/server-process.ts';

/**
 * The namespaces of a node: its own mounts, network, processes and name. Everything that a node mounts, routes, filters
 * and runs ends with its first process, however that ends, and the machine and its Docker engine see nothing of it.
 */
export interface Namespaces {
  /** Its first process; not started. */
  readonly process: ServerProcess;
  /** The pid of the first process on the machine. */
  readonly pid: () => number;
  /** The command to run inside. */
  readonly inside: (command: Command) => Command;
  /** A server inside, not started. It ends with the first process. */
  readonly server: (options: Omit<ServerProcessOptions, 'command'> & { readonly command: Command }) => ServerProcess;
}

/** These belong to the whole machine, and a kubelet would change them for good: it gets files in their place. */
const OF_THE_MACHINE = [
  ...['vm/overcommit_memory', 'vm/panic_on_oom', 'kernel/panic', 'kernel/panic_on_oops'],
  ...['kernel/keys/root_maxkeys', 'kernel/keys/root_maxbytes'],
];

/** Fixed folders that a node writes to: it has its own ones there. */
const SYSTEM_FOLDERS = ['/run', '/var/log'];
const STATE_FOLDERS = ['/var/lib/cni', '/var/lib/kubelet'];

export function nodeNamespaces(folder: string, name: string, pause: string): Namespaces {
  const own = join(folder, 'namespaces');
  const ready = join(own, 'ready');
  const script = join(own, 'init.sh');
  mkdirSync(join(own, 'sysctl'), { recursive: true });
  writeFileSync(script, initScript(name, join(own, 'sysctl'), ready, pause));
  const unshare = ['--pid', '--fork', '--kill-child', '--mount', '--propagation', 'slave', '--net', '--uts', '--ipc'];
  let first: number | undefined;
  const process = new ServerProcess({
    name: `the node ${name}`,
    address: name,
    folder: own,
    command: [needProgram('unshare', 'util-linux'), ...unshare, '--', 'sh', script],
    // unshare ends after the first process, which ends after all others inside.
    wraps: true,
    answers: async () => {
      if (process.pid === undefined || !isWritten(ready)) return false;
      [first] = childrenOf(process.pid);
      return first !== undefined;
    },
  });
  const pid = () => {
    if (first === undefined || process.pid === undefined) throw new Error(`the node ${name} does not run`);
    return first;
  };
  const inside = (command: Command): Command => ['nsenter', '--target', String(pid()), '--all', '--', ...command];
  return {
    ...{ process, pid, inside },
    server: (options) =>
      new ServerProcess({ ...options, command: () => inside(options.command), wraps: true, endsWithUs: false }),
  };
}

function initScript(name: string, sysctl: string, ready: string, pause: string): string {
  return `set -e
rm -f ${ready}
mount --make-rshared /
mount -t proc proc /proc
${[...SYSTEM_FOLDERS, ...STATE_FOLDERS].map((folder) => `mkdir -p ${folder} && mount -t tmpfs tmpfs ${folder}`).join('\n')}
for name in ${OF_THE_MACHINE.join(' ')}; do
  test -e /proc/sys/$name || continue
  mkdir -p $(dirname ${sysctl}/$name)
  cat /proc/sys/$name > ${sysctl}/$name
  mount --bind ${sysctl}/$name /proc/sys/$name
done
hostname ${name}
echo 1 > /proc/sys/net/ipv4/ip_forward
echo yes > ${ready}
exec ${pause}
`;
}

/** Removes the folders that the node's own ones were mounted over, unless the machine uses them. */
export function removeStateFolders(): void {
  for (const folder of STATE_FOLDERS)
    try {
      rmdirSync(folder);
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException;
      if (!['ENOENT', 'ENOTEMPTY', 'EBUSY'].includes(code)) throw error;
    }
}

function isWritten(file: string): boolean {
  try {
    return readFileSync(file, 'utf8') === 'yes\n';
  } catch {
    return false;
  }
}
