import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** The state LISTEN in /proc/net/tcp. */
const LISTEN = '0A';

/**
 * The TCP ports that processes listen on, as far as this process may look. Empty where the system does not tell: only
 * Linux does.
 */
export function portsOf(pids: readonly number[]): number[] {
  const ports = listeningSockets();
  return [...new Set(pids.flatMap(socketsOf).flatMap((inode) => ports.get(inode) ?? []))].sort((a, b) => a - b);
}

/** The processes that listen on a TCP port, as far as this process may look. Empty where the system does not tell. */
export function listenersOn(port: number): number[] {
  const inodes = new Set([...listeningSockets()].filter(([, at]) => at === port).map(([inode]) => inode));
  if (inodes.size === 0) return [];
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map(Number).filter((pid) => socketsOf(pid).some((inode) => inodes.has(inode)));
}

/** Port by inode. */
function listeningSockets(): Map<string, number> {
  const sockets = new Map<string, number>();
  for (const file of ['/proc/net/tcp', '/proc/net/tcp6'])
    for (const line of read(file).split('\n').slice(1)) {
      // sl local_address rem_address st queues timer retransmits uid timeout inode
      const fields = line.trim().split(/\s+/);
      const [, local = '', , state, , , , , , inode = ''] = fields;
      if (state === LISTEN) sockets.set(inode, Number.parseInt(local.slice(local.lastIndexOf(':') + 1), 16));
    }
  return sockets;
}

/** Inodes of its open sockets; none for processes of others. */
function socketsOf(pid: number): string[] {
  try {
    const folder = `/proc/${pid}/fd`;
    return readdirSync(folder).flatMap((fd) => /^socket:\[(\d+)\]$/.exec(linkOf(`${folder}/${fd}`))?.[1] ?? []);
  } catch {
    return [];
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
