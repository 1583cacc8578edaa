import { LOOP_SAMPLE_MS, within } from '@wscluster/service';
import { AggregatorRegistry, collectDefaultMetrics, Registry } from 'prom-client';
import { bugsMetric } from '../bug.ts';
import type { WorkerPool } from './worker-pool.ts';

/** A worker that answers later is left out. */
const ANSWER_MS = 1_000;

/** The metrics of the workers and the primary as those of one gateway: sums, except where a metric says otherwise. */
export class WorkerMetrics implements Pick<Registry, 'metrics' | 'contentType'> {
  readonly #pool: Pick<WorkerPool, 'running' | 'tell'>;
  /** Of the primary itself. */
  readonly #own = new Registry();
  #bugs = 0;
  readonly #waiting = new Map<number, PromiseWithResolvers<readonly object[]>>();

  constructor(pool: Pick<WorkerPool, 'running' | 'tell'>) {
    this.#pool = pool;
    bugsMetric([this.#own], () => this.#bugs);
    collectDefaultMetrics({ register: this.#own, eventLoopMonitoringPrecision: LOOP_SAMPLE_MS });
  }

  get contentType(): Registry['contentType'] {
    return this.#own.contentType;
  }

  /** The primary has survived an error that nobody expected. */
  countBug(): void {
    this.#bugs++;
  }

  /** A worker's answer. */
  take(worker: number, metrics: readonly object[]): void {
    this.#waiting.get(worker)?.resolve(metrics);
    this.#waiting.delete(worker);
  }

  async metrics(): Promise<string> {
    const answers = await Promise.all(this.#pool.running.map((worker) => this.#ask(worker)));
    const all = [await this.#own.getMetricsAsJSON(), ...answers.filter((metrics) => metrics !== undefined)];
    return AggregatorRegistry.aggregate(all).metrics();
  }

  /** Undefined if it does not answer: it may be starting, and did not hear the question. */
  async #ask(worker: number): Promise<readonly object[] | undefined> {
    let asked = this.#waiting.get(worker);
    if (asked === undefined) {
      asked = Promise.withResolvers();
      this.#waiting.set(worker, asked);
      this.#pool.tell(worker, { say: 'measure' });
    }
    const metrics = await within(ANSWER_MS, asked.promise);
    if (this.#waiting.get(worker) === asked) this.#waiting.delete(worker);
    return metrics;
  }
}
