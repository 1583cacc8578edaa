import type { Bed } from '../bed.ts';
import { type Figure, find, type Sample } from '../figure.ts';
import type { Counted } from '../generator.ts';
import { measure } from '../measure.ts';
import { ECHO_BYTES, type Plan, TALKING } from '../plan.ts';
import { PROXIES, type ProxyName } from '../proxies/proxy.ts';
import { alternate } from '../rounds.ts';

export const echoCase = (bytes: number): string => `echo of ${bytes < 1024 ? `${bytes} B` : `${bytes / 1024} KiB`}`;
export const LATENCY = 'round trip at half of our saturation';

const [SMALL] = ECHO_BYTES;
const OPEN_MS = 20_000;
/** Of our saturation. */
const SHARE = 0.5;

/** Messages back and forth over connections that stay open: as fast as it goes, and at a fixed rate. */
export async function talk(bed: Bed, plan: Plan): Promise<Figure[]> {
  const { generator } = bed;
  for (const name of PROXIES) {
    const { port } = bed.proxy(name);
    await generator.ask({ do: 'open', group: name, port, path: '/connect/user-', count: TALKING, ms: OPEN_MS });
  }
  const echo = (name: ProxyName, bytes: number, ms: number) => generator.ask({ do: 'talk', group: name, bytes, ms });
  const figures: Figure[] = [];
  for (const bytes of ECHO_BYTES) {
    for (const name of PROXIES) await echo(name, bytes, bytes === SMALL ? plan.warmUpMs : plan.turnMs);
    const turn = (name: ProxyName) => measure(bed.proxy(name), () => echo(name, bytes, plan.turnMs));
    figures.push(...(await alternate(echoCase(bytes), PROXIES, plan.rounds, turn)));
  }
  const perSecond = Math.round(SHARE * (find(figures, echoCase(SMALL), 'wscluster', 'rate')?.median ?? Number.NaN));
  const pace = async (name: ProxyName): Promise<Sample> => {
    let counted: Counted = {};
    // The rate is given, so nothing limits it.
    const { busy, ...sample } = await measure(bed.proxy(name), async () => {
      counted = await generator.ask({ do: 'pace', group: name, bytes: SMALL, perSecond, ms: 1.5 * plan.turnMs });
      return counted;
    });
    return { ...sample, ...latency(counted) };
  };
  figures.push(...(await alternate(LATENCY, PROXIES, plan.rounds, pace)));
  for (const name of PROXIES) await generator.ask({ do: 'close', group: name });
  await bed.node.quiet(0);
  return figures;
}

function latency({ p50 = Number.NaN, p99 = Number.NaN, p999 = Number.NaN }: Counted): Sample {
  return { p50, p99, p999 };
}
