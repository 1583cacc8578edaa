import type { Bed } from '../bed.ts';
import type { Figure } from '../figure.ts';
import { measure } from '../measure.ts';
import type { Plan } from '../plan.ts';
import { PROXIES, type ProxyName } from '../proxies/proxy.ts';
import { alternate } from '../rounds.ts';

const pushCase = (connections: number): string => `push to ${connections.toLocaleString('en')} connections`;

const OPEN_MS = 60_000;
const BYTES = 64;
/** From so many connections on, opening them takes longer than the turn. */
const HEAVY = 3_000;

/** The node sends a message to all its connections, again when all have it. */
export async function push(bed: Bed, plan: Plan): Promise<Figure[]> {
  const { generator, node } = bed;
  await generator.ask({ do: 'open', group: 'control', port: node.port, path: '/control', count: 1, ms: OPEN_MS });
  const figures: Figure[] = [];
  for (const count of plan.pushed) {
    const turn = async (name: ProxyName) => {
      const proxy = bed.proxy(name);
      const ask = (ms: number) => generator.ask({ do: 'push', group: name, bytes: BYTES, ms });
      await generator.ask({ do: 'open', group: name, port: proxy.port, path: '/connect/user-', count, ms: OPEN_MS });
      await ask(plan.turnMs / 2);
      const sample = await measure(proxy, () => ask(plan.turnMs));
      await generator.ask({ do: 'close', group: name });
      await node.quiet(0);
      return sample;
    };
    const rounds = count >= HEAVY ? plan.heavyRounds : plan.rounds;
    figures.push(...(await alternate(pushCase(count), PROXIES, rounds, turn)));
  }
  await generator.ask({ do: 'close', group: 'control' });
  return figures;
}
