import type { Figure, Sample } from '../figure.ts';
import { Generator } from '../generator.ts';
import { kernelBytes, settledRss } from '../memory.ts';
import type { Programs } from '../needs.ts';
import { EchoNode } from '../node.ts';
import type { Plan } from '../plan.ts';
import { COLLECTS_GARBAGE } from '../proxies/node-process.ts';
import { PROXIES, type ProxyName, type RunningProxy } from '../proxies/proxy.ts';
import type { RingOptions } from '../proxies/ring-publisher.ts';
import { start } from '../proxies/start.ts';
import { alternate } from '../rounds.ts';

export const IDLE = 'an idle connection';

/** These have no garbage. */
const NATIVE: readonly ProxyName[] = ['haproxy', 'nginx'];
const OPEN_MS = 60_000;
/** Of all: opened before, so that what every program needs once is not counted. */
const BEFORE = 0.125;

/** Growth for each connection that only stays open, of a proxy that has just been started. */
export function idle(programs: Programs, plan: Plan): Promise<Figure[]> {
  return alternate(IDLE, PROXIES, plan.heavyRounds, (name) => growth(name, programs, plan.idleConnections));
}

/** kB for each of so many connections. `rings`: only for our gateway. */
export async function growth(
  name: ProxyName,
  programs: Programs,
  count: number,
  rings: RingOptions = {},
): Promise<Sample> {
  const node = await EchoNode.start(programs.load, 'a');
  const generator = new Generator(programs.load);
  let proxy: RunningProxy | undefined;
  try {
    const collects = !NATIVE.includes(name);
    const preload = collects ? { preload: COLLECTS_GARBAGE } : {};
    proxy = await start(name, programs, { nodes: [node], rings, ...preload });
    const group = { group: 'clients', port: proxy.port, path: '/connect/user-' };
    await generator.ask({ do: 'open', ...group, count: Math.round(count * BEFORE), ms: OPEN_MS });
    const [rss, kernel] = [await settledRss(proxy, collects), kernelBytes()];
    await generator.ask({ do: 'open', ...group, count, ms: OPEN_MS });
    const grown = (await settledRss(proxy, collects)) - rss;
    return { rss: grown / count / 1000, kernel: (kernelBytes() - kernel) / count / 1000 };
  } finally {
    await generator.stop();
    await proxy?.stop();
    await node.stop();
  }
}
