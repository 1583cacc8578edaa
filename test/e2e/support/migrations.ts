import { http } from './http.ts';

/** Migrations of all gateways by outcome, as their metrics have it. */
export async function migrations({
  gateways,
}: {
  readonly gateways: readonly { readonly probes: number }[];
}): Promise<Record<string, number>> {
  const sums: Record<string, number> = {};
  for (const { probes } of gateways) {
    const { text } = await http('GET', `http://127.0.0.1:${probes}/metrics`);
    for (const [, outcome = '', count] of text.matchAll(/migrations_total\{outcome="([^"]+)"\} (\d+)/g))
      sums[outcome] = (sums[outcome] ?? 0) + Number(count);
  }
  return sums;
}
