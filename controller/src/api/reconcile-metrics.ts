import { Counter, Histogram, type Registry } from 'prom-client';
import type { RunMeter } from '../core/loop/run-meter.ts';

/** The name of the loop of all clusters, for dashboards and alerts that are made for controllers. */
export const CONTROLLER = 'wscluster';

/** Seconds; the buckets of controller-runtime, so that its panels fit. */
const BUCKETS = [
  ...[0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1],
  ...[1.25, 1.5, 1.75, 2, 2.5, 3, 3.5, 4, 4.5, 5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 40, 50, 60],
];

/**
 * Runs of the loops of all clusters of this process, under the metric names of controller-runtime. They outlive each
 * reign.
 */
export class ReconcileMetrics implements RunMeter {
  readonly #total = new Counter({
    name: 'controller_runtime_reconcile_total',
    help: 'Runs of the reconcile loop, by result: `success` or `error`',
    labelNames: ['controller', 'result'],
    registers: [],
  });
  readonly #errors = new Counter({
    name: 'controller_runtime_reconcile_errors_total',
    help: 'Failed runs of the reconcile loop; the controller retries each',
    labelNames: ['controller'],
    registers: [],
  });
  readonly #seconds = new Histogram({
    name: 'controller_runtime_reconcile_time_seconds',
    help: 'Duration of a run of the reconcile loop in seconds, including failed runs',
    labelNames: ['controller'],
    buckets: BUCKETS,
    registers: [],
  });

  constructor() {
    // A rate needs a 0 to start from.
    for (const result of ['success', 'error']) this.#total.inc({ controller: CONTROLLER, result }, 0);
    this.#errors.inc({ controller: CONTROLLER }, 0);
    this.#seconds.zero({ controller: CONTROLLER });
  }

  ran(seconds: number, result: 'success' | 'error'): void {
    this.#total.inc({ controller: CONTROLLER, result });
    if (result === 'error') this.#errors.inc({ controller: CONTROLLER });
    this.#seconds.observe({ controller: CONTROLLER }, seconds);
  }

  registerIn(registry: Registry): void {
    for (const metric of [this.#total, this.#errors, this.#seconds]) registry.registerMetric(metric);
  }
}
