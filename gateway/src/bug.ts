import { messageOf } from '@wscluster/ring';
import type { Logger } from '@wscluster/service';
import { Counter, type Registry } from 'prom-client';

/** Logs an error that nobody expected, and that the process survives. `event`: its name in the log. */
export function logBug(log: Logger, event: string, error: unknown): void {
  log.error({ event, error, action: 'report this bug with the log; the gateway goes on' }, messageOf(error));
}

/** The metric of such errors. */
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
