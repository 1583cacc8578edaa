import { cpuSecondsOf } from '../../test/run/cpu.ts';
import type { Sample } from './figure.ts';
import type { Counted } from './generator.ts';
import type { RunningProxy } from './proxies/proxy.ts';

/** Units a second, and the time of the proxy's process, user and kernel, for each and of the whole. */
export async function measure(proxy: RunningProxy, work: () => Promise<Counted>): Promise<Sample> {
  const before = cpuSeconds(proxy);
  const { units = 0, ms = Number.NaN, failures } = await work();
  const seconds = cpuSeconds(proxy) - before;
  if (units === 0) throw new Error(`nothing came through ${proxy.name}`);
  return {
    ...{ rate: (units * 1000) / ms, cpu: (seconds * 1e6) / units, busy: (seconds * 1000) / ms },
    ...(failures === undefined ? {} : { retries: failures }),
  };
}

function cpuSeconds({ name, pid }: RunningProxy): number {
  const seconds = cpuSecondsOf(pid);
  if (seconds === undefined) throw new Error(`${name} has ended`);
  return seconds;
}
