import { Counter, type Registry } from 'prom-client';

/** The metric of errors that nobody expected. */
export function bugsMetric(registers: Registry[], bugs: () => number): void {
  new Counter({
    name: 'wscluster_gateway_bugs_total',
    help: 'Unexpected errors, each of which ended one request or nothing',
    registers,
    collect() {
      this.reset();
      this.inc(bugs());
    },
  });
}
