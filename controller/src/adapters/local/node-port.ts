import { randomInt } from 'node:crypto';
import { WsClusterError } from '@wscluster/ring';
import { isFreePort, listenersOn, processesWith, processGroup, processIdentity } from '@wscluster/service';
import { PORT_FILE } from './node-record.ts';

/** Below the ports that systems give to outgoing connections, any of which could take one before a node binds it. */
const FIRST_PORT = 20_000;
const LAST_PORT = 29_999;
const TRIES = 100;
/** A node may listen on any. */
const EVERY_INTERFACE = ['127.0.0.1', '0.0.0.0', '::'];

/** A port that nobody listens on and that is not `reserved`. Rejects with SOURCE_UNAVAILABLE when none is found. */
export async function pickPort(reserved: ReadonlySet<number>): Promise<number> {
  for (let n = 0; n < TRIES; n++) {
    const port = randomInt(FIRST_PORT, LAST_PORT + 1);
    if (!reserved.has(port) && (await isFreePort(port, EVERY_INTERFACE))) return port;
  }
  throw new WsClusterError('SOURCE_UNAVAILABLE', `no free port was found between ${FIRST_PORT} and ${LAST_PORT}`);
}

/**
 * The process that listens on the port of the node whose first process is `pid`, if it is certainly no part of the
 * node: it ran before the node, or belongs to another one. What a node starts elsewhere (a container) is not known
 * here.
 */
export function strangerOn(port: number, pid: number, portFile: string): number | undefined {
  const group = new Set(processGroup(pid));
  const nodes = processesWith(PORT_FILE, '/');
  const listeners = listenersOn(port);
  if (listeners.some((one) => group.has(one) || nodes?.get(one)?.value === portFile)) return undefined;
  const since = startOf(pid);
  return listeners.find((one) => nodes?.has(one) === true || startOf(one) < since);
}

/** Clock ticks; processes that have ended never came before another one. */
function startOf(pid: number): number {
  return Number(/^start-(\d+)$/.exec(processIdentity(pid) ?? '')?.[1] ?? Number.POSITIVE_INFINITY);
}
