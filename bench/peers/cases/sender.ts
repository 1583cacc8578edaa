import type { Bed } from '../bed.ts';
import type { Figure } from '../figure.ts';
import { measure } from '../measure.ts';
import type { Plan } from '../plan.ts';
import { PROXIES, type ProxyName } from '../proxies/proxy.ts';
import { alternate } from '../rounds.ts';

const SENDER = 'one fast sender, 1 KiB';

const OPEN_MS = 20_000;
const BYTES = 1_024;

/** One connection that sends as fast as the proxy takes it, to a node that only counts. */
export async function sender(bed: Bed, plan: Plan): Promise<Figure[]> {
  const { generator } = bed;
  const turn = async (name: ProxyName, turnMs: number) => {
    const proxy = bed.proxy(name);
    await generator.ask({ do: 'open', group: name, port: proxy.port, path: '/sink/user-', count: 1, ms: OPEN_MS });
    const sample = await measure(proxy, () => generator.ask({ do: 'send', group: name, bytes: BYTES, ms: turnMs }));
    await generator.ask({ do: 'close', group: name });
    await bed.node.quiet(0);
    return sample;
  };
  for (const name of PROXIES) await turn(name, plan.warmUpMs);
  return await alternate(SENDER, PROXIES, plan.rounds, (name) => turn(name, plan.turnMs));
}
