import type { Bed } from '../bed.ts';
import type { Figure } from '../figure.ts';
import { measure } from '../measure.ts';
import { type Plan, TALKING } from '../plan.ts';
import { PROXIES, type ProxyName } from '../proxies/proxy.ts';
import { alternate } from '../rounds.ts';

export const STORM = 'connect and disconnect';

/** New clients all the time, so many at a time: upgraded, gone. The CPU time includes that of the disconnects. */
export async function storm(bed: Bed, plan: Plan): Promise<Figure[]> {
  const turn = (name: ProxyName, ms: number) => {
    const proxy = bed.proxy(name);
    return measure(proxy, async () => {
      const counted = await bed.generator.ask({
        ...{ do: 'storm', port: proxy.port, path: '/connect/user-', count: TALKING, ms },
      });
      await bed.node.quiet(0);
      return counted;
    });
  };
  for (const name of PROXIES) await turn(name, plan.warmUpMs);
  return await alternate(STORM, PROXIES, plan.rounds, (name) => turn(name, plan.turnMs));
}
