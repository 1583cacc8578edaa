import { http } from './http.ts';

/** A metric of the process with this port of probes; NaN if it has none of this name. */
export async function metricOf(probes: number | undefined, name: string): Promise<number> {
  const { text } = await http('GET', `http://127.0.0.1:${probes}/metrics`);
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
}
