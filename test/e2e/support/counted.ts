import type { System } from './system.ts';
import { until } from './wait.ts';

/** A gateway reports at least this often. */
const REPORT_SECONDS = 1;

/**
 * Resolves once the controller has counted all these clients, each once; call it when all are connected. Reports from
 * before the last client reconnected are not enough: clients change gateways, so that the sum can be right when the
 * counts by slot are not.
 */
export async function allCounted(system: System, clients: number): Promise<void> {
  const calmAt = performance.now();
  await until('all clients are counted', async () => {
    const { text } = await system.api('GET', '/gateways');
    const { gateways } = JSON.parse(text) as { gateways: { secondsSinceReport: number }[] };
    const oldest = Math.max(...gateways.map(({ secondsSinceReport }) => secondsSinceReport));
    if (performance.now() - calmAt <= 1000 * (oldest + REPORT_SECONDS)) return false;
    return (await system.nodes()).reduce((sum, { connections }) => sum + connections, 0) === clients;
  });
}
