import type { Bed } from '../bed.ts';
import type { Figure } from '../figure.ts';
import { measure } from '../measure.ts';
import { type Plan, TALKING } from '../plan.ts';
import { PROXIES, type ProxyName } from '../proxies/proxy.ts';
import { alternate } from '../rounds.ts';

const REQUESTS = 'plain HTTP by key';

const OPEN_MS = 20_000;

/** GET requests with an answer of 64 bytes, over client connections that are kept. A relay of messages has none. */
export async function requests(bed: Bed, plan: Plan): Promise<Figure[]> {
  const { generator } = bed;
  const turn = async (name: ProxyName, turnMs: number) => {
    const proxy = bed.proxy(name);
    await generator.ask({ do: 'open', group: name, port: proxy.port, count: TALKING, ms: OPEN_MS });
    const sample = await measure(proxy, () =>
      generator.ask({ do: 'request', group: name, path: '/http/user-', ms: turnMs }),
    );
    await generator.ask({ do: 'close', group: name });
    return sample;
  };
  const names = PROXIES.filter((name) => name !== 'ws relay');
  for (const name of names) await turn(name, plan.warmUpMs);
  return await alternate(REQUESTS, names, plan.rounds, (name) => turn(name, plan.turnMs));
}
