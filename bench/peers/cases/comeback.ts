import type { Figure, Sample } from '../figure.ts';
import { Generator } from '../generator.ts';
import type { Programs } from '../needs.ts';
import { EchoNode } from '../node.ts';
import { type Plan, RETURNING } from '../plan.ts';
import type { ProxyName, RunningProxy } from '../proxies/proxy.ts';
import { start } from '../proxies/start.ts';
import { alternate } from '../rounds.ts';

export const COMEBACK = 'back after their node died';

/** Those that hash, so that there is another node to go to. */
const HASHING: readonly ProxyName[] = ['wscluster', 'haproxy', 'nginx'];
const OPEN_MS = 60_000;
const BACK_MS = 60_000;

/** All clients of a node that is killed come back at once: from the kill till the first one was back, and the last. */
export function comeback(programs: Programs, plan: Plan): Promise<Figure[]> {
  return alternate(COMEBACK, HASHING, plan.heavyRounds, (name) => turn(name, programs));
}

async function turn(name: ProxyName, programs: Programs): Promise<Sample> {
  const nodes: EchoNode[] = [];
  const generator = new Generator(programs.load);
  let proxy: RunningProxy | undefined;
  try {
    for (const node of ['a', 'b']) nodes.push(await EchoNode.start(programs.load, node));
    proxy = await start(name, programs, { nodes });
    return await killAndWait(proxy, nodes, generator);
  } finally {
    await generator.stop();
    await proxy?.stop();
    for (const node of nodes) await node.stop();
  }
}

async function killAndWait(proxy: RunningProxy, nodes: readonly EchoNode[], generator: Generator): Promise<Sample> {
  const [dying, other] = nodes;
  if (dying === undefined || other === undefined) throw new Error('there must be two nodes');
  const group = { group: 'clients', port: proxy.port, path: '/connect/user-', node: dying.name };
  await generator.ask({ do: 'open', ...group, count: RETURNING, ms: OPEN_MS });
  // Clients of the other node were only looking for the one that dies.
  await other.quiet(0);
  const back = generator.ask({ do: 'comeback', group: group.group, count: RETURNING, ms: BACK_MS });
  const killedAt = performance.timeOrigin + performance.now();
  await dying.kill();
  await proxy.nodeEnded(dying.name);
  const { firstAt = Number.NaN, lastAt = Number.NaN, failures = Number.NaN } = await back;
  return { first: firstAt - killedAt, ms: lastAt - killedAt, retries: failures };
}
