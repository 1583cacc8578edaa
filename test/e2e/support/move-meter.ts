import { setTimeout as delay } from 'node:timers/promises';
import { metricOf } from './metric.ts';
import type { System } from './system.ts';

/** How often the gateways are asked, ms. */
const EVERY_MS = 200;

/** What the gateways had moved at some moment between `asked` and `answered`, monotonic ms. */
interface Sample {
  readonly asked: number;
  readonly answered: number;
  readonly moved: number;
}

/**
 * Asks the gateways how many connections they have moved, again and again. A client learns late of its move when the
 * machine is busy, so that several seem to be at once; a gateway counts a move when it makes it.
 */
export class MoveMeter {
  readonly #system: Pick<System, 'gateways'>;
  readonly #samples: Sample[] = [];
  readonly #running: Promise<void>;
  #stopped = false;

  constructor(system: Pick<System, 'gateways'>) {
    this.#system = system;
    this.#running = this.#run();
    // A test that fails ends the gateways before it asks.
    this.#running.catch(() => {});
  }

  /** How many moves there were beyond the pace, in the span of time with the most: what has surely been too fast. */
  excess(pace: number): number {
    let most = 0;
    for (const [index, from] of this.#samples.entries())
      for (const to of this.#samples.slice(index + 1))
        most = Math.max(most, to.moved - from.moved - (pace * (to.answered - from.asked)) / 1000);
    return most;
  }

  /** Asks once more; all moves that there were. */
  async stop(): Promise<number> {
    this.#stopped = true;
    await this.#running;
    await this.#look();
    return (this.#samples.at(-1)?.moved ?? 0) - (this.#samples[0]?.moved ?? 0);
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      await this.#look();
      await delay(EVERY_MS);
    }
  }

  async #look(): Promise<void> {
    const asked = performance.now();
    const counts = await Promise.all(
      this.#system.gateways.map(({ probes }) => metricOf(probes, 'wscluster_gateway_moves_total')),
    );
    const moved = counts.reduce((sum, count) => sum + count, 0);
    this.#samples.push({ asked, answered: performance.now(), moved });
  }
}
