import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { rssOf } from '../rss.ts';
import type { RunningProxy } from './proxies/proxy.ts';

const PAGE = 4_096;
/** What the kernel keeps for a TCP connection besides its buffers. */
const OBJECTS = /^(TCP|sock_inode_cache|eventpoll_epi|filp)\s+(\d+)\s+\d+\s+(\d+)/gm;
const LOOK_MS = 100;
/** Looks in a row that must find the same. */
const LOOKS = 3;
const SAME = 0.002;
const DEADLINE_MS = 10_000;

/** Resident bytes of a proxy, once they stay as they are; one in Node is told to collect its garbage. */
export async function settledRss(proxy: RunningProxy, collects: boolean): Promise<number> {
  if (collects) process.kill(proxy.pid, 'SIGUSR2');
  const deadline = performance.now() + DEADLINE_MS;
  let last = rssOf(proxy.pid);
  for (let same = 0; same < LOOKS; ) {
    if (performance.now() > deadline) throw new Error(`the memory of ${proxy.name} does not settle`);
    await delay(LOOK_MS);
    const now = rssOf(proxy.pid);
    same = Math.abs(now - last) <= SAME * last ? same + 1 : 0;
    last = now;
  }
  return last;
}

/**
 * Bytes that the kernel has for all TCP sockets of the machine: their buffers, and for root also the sockets
 * themselves.
 */
export function kernelBytes(): number {
  const buffers = Number(/^TCP: .* mem (\d+)/m.exec(readFileSync('/proc/net/sockstat', 'utf8'))?.[1]) * PAGE;
  let objects = 0;
  try {
    for (const [, , count, size] of readFileSync('/proc/slabinfo', 'utf8').matchAll(OBJECTS))
      objects += Number(count) * Number(size);
  } catch {
    // Only root may read it; the buffers are what differs between proxies.
  }
  return buffers + objects;
}
