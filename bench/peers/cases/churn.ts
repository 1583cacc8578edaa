import { readdirSync } from 'node:fs';
import { type Figure, figuresOf, type Sample } from '../figure.ts';
import { Generator } from '../generator.ts';
import { settledRss } from '../memory.ts';
import type { Programs } from '../needs.ts';
import { EchoNode } from '../node.ts';
import { type Plan, TALKING } from '../plan.ts';
import { COLLECTS_GARBAGE } from '../proxies/node-process.ts';
import { type RunningGateway, startWscluster } from '../proxies/wscluster.ts';

export const CHURN = 'short connections through changes of the ring';

/** Changes of the ring, spread over all connections. */
const CHANGES = 50;
/** Of all connections: what comes later must leave no more memory than these did. */
const WARM = 0.1;
const PART_MS = 1_000;

/** Connections that come and go while the weights of two nodes change: what they leave behind in our gateway. */
export async function churn(programs: Programs, { churned }: Plan): Promise<Figure[]> {
  process.stderr.write(`  ${CHURN}: ${churned.toLocaleString('en')} and ${CHANGES}\n`);
  const nodes: EchoNode[] = [];
  const generator = new Generator(programs.load);
  let gateway: RunningGateway | undefined;
  try {
    for (const node of ['a', 'b']) nodes.push(await EchoNode.start(programs.load, node));
    gateway = await startWscluster(programs.gateway, { nodes, preload: COLLECTS_GARBAGE });
    return figuresOf(CHURN, 'wscluster', [await watch(gateway, generator, nodes, churned)]);
  } finally {
    await generator.stop();
    await gateway?.stop();
    for (const node of nodes) await node.stop();
  }
}

async function watch(
  gateway: RunningGateway,
  generator: Generator,
  nodes: readonly EchoNode[],
  count: number,
): Promise<Sample> {
  let [connects, failures, changes] = [0, 0, 0];
  const until = async (enough: number) => {
    while (connects < enough) {
      const part = generator.ask({
        ...{ do: 'storm', port: gateway.port, path: '/connect/user-', count: TALKING, ms: PART_MS },
      });
      for (; changes < (CHANGES * connects) / count; changes++)
        await gateway.rings.reweigh(changes % 2 === 0 ? [1, 2] : [2, 1], []);
      const { units = 0, failures: failed = 0 } = await part;
      connects += units;
      failures += failed;
    }
    for (const node of nodes) await node.quiet(0);
    return { rss: await settledRss(gateway, true), descriptors: descriptorsOf(gateway.pid) };
  };
  const warm = await until(count * WARM);
  const end = await until(count);
  return {
    retries: failures,
    grown: end.rss / warm.rss,
    descriptors: end.descriptors - warm.descriptors,
  };
}

function descriptorsOf(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}
