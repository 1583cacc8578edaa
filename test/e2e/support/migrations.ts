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
    for (const [outcome, count] of Object.entries(migrationsIn(text))) sums[outcome] = (sums[outcome] ?? 0) + count;
  }
  return sums;
}

/** Migrations by outcome, in a gateway's metrics. */
export function migrationsIn(metrics: string): Record<string, number> {
  const found = metrics.matchAll(/migrations_total\{outcome="([^"]+)"\} (\d+)/g);
  return Object.fromEntries([...found].map(([, outcome = '', count]) => [outcome, Number(count)]));
}
