// Writes docs/metrics.md from the metrics that gateway and controller register. With --check it writes nothing, and
// fails if the file is out of date.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createMetrics as controllerMetrics } from '../controller/src/api/metrics.ts';
import { ReconcileMetrics } from '../controller/src/api/reconcile-metrics.ts';
import { RequestRoom } from '../gateway/src/admission/request-room.ts';
import { createMetrics as gatewayMetrics, newCounts } from '../gateway/src/metrics.ts';
import { Mover } from '../gateway/src/move/mover.ts';
import { Tracker } from '../gateway/src/move/tracker.ts';
import { CurrentTable } from '../gateway/src/table/current-table.ts';
import { LOOP_SAMPLE_MS } from '../service/src/probes.ts';

const file = fileURLToPath(new URL('../docs/metrics.md', import.meta.url));

/** Metrics of every process that uses prom-client, which documents them itself. */
const DEFAULTS = /^(process|nodejs)_/;

function table(registry) {
  const rows = registry
    .getMetricsAsArray()
    .filter(({ name }) => !DEFAULTS.test(name))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, type, labelNames, help }) => {
      const labels = labelNames.map((label) => `\`${label}\``).join(', ');
      return `| \`${name}\` | ${type} | ${labels} | ${help} |`;
    });
  return ['| name | type | labels | meaning |', '|---|---|---|---|', ...rows].join('\n');
}

function page() {
  const current = new CurrentTable();
  const tracker = new Tracker();
  return `# Metrics

Gateways and controllers serve these metrics as Prometheus text at \`/metrics\` on their probe port, together with the usual
\`process_*\` and \`nodejs_*\`. Counters start at 0 with the process. \`npm run docs:metrics\` generates this page.

The event loop is sampled every ${LOOP_SAMPLE_MS} ms, so \`nodejs_eventloop_lag_*_seconds\` is about ${LOOP_SAMPLE_MS / 1000} at rest; what exceeds it is the
delay. \`nodejs_eventloop_lag_seconds\` is the delay at the moment of the scrape.

## Gateway

${table(gatewayMetrics(newCounts(), current, tracker, new Mover(current, tracker), new RequestRoom()))}

\`limit\` is a field of \`spec.gateway.limits\` in the WsCluster. \`result\` is \`opened\`, \`passed\` (the node answered with
something other than an upgrade), \`abandoned\` (by the client) or an error code.

## Controller

${table(controllerMetrics({ clusters: [], reconciles: new ReconcileMetrics(), locks: () => [] }))}

\`controller_runtime_*\`, \`workqueue_*\` and \`leader_election_*\` have the names, labels and buckets of controller-runtime and
client-go, so dashboards and alerts for controllers work with them. \`controller\` is always \`wscluster\`, for the loops of all
clusters together. The \`name\` of a lock is the name of the Lease on Kubernetes, and the name of the cluster elsewhere.
`;
}

if (!process.argv.includes('--check')) writeFileSync(file, page());
else if (readFileSync(file, 'utf8') !== page()) {
  process.stderr.write('docs/metrics.md is not up to date: npm run docs:metrics\n');
  process.exitCode = 1;
}
