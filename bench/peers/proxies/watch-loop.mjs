// Loaded into a gateway whose event loop is watched; see node-process.ts.
import { appendFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';

/** How often it looks, ms: a delay includes this time. */
const RESOLUTION = 1;

const delays = monitorEventLoopDelay({ resolution: RESOLUTION });
delays.enable();
process.on('SIGUSR2', () => {
  const p99 = Math.max(0, delays.percentile(99) / 1e6 - RESOLUTION);
  appendFileSync(process.env.BENCH_LOOP_REPORT, `${JSON.stringify({ p99 })}\n`);
  delays.reset();
});
