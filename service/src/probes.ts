import { createServer, type Server } from 'node:http';
import type { Registry } from 'prom-client';
import { type HostPort, listen, stopListening } from './listen.ts';

/**
 * Time between two samples of the event loop's delay for `nodejs_eventloop_lag_*`, ms. Each wakes the process: at
 * prom-client's default of 10, an idle gateway spent two thirds of its processor time on them.
 */
export const LOOP_SAMPLE_MS = 100;

export interface ProbeListener {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Serves GET /healthz (the process answers), /readyz (200 `ready`, else 503 with the reason) and /metrics (Prometheus
 * text), on a separate listener so that probes answer while traffic drains.
 */
export async function startProbes(
  address: HostPort,
  /** Undefined when ready, else why not. */
  notReady: () => string | undefined,
  metrics: Pick<Registry, 'metrics' | 'contentType'>,
): Promise<ProbeListener> {
  const server: Server = createServer((req, res) => {
    const path = (req.url ?? '/').split('?')[0];
    if (req.method !== 'GET' && req.method !== 'HEAD') res.writeHead(405, { allow: 'GET, HEAD' }).end();
    else if (path === '/healthz') res.end('ok\n');
    else if (path === '/readyz') {
      const reason = notReady();
      res.writeHead(reason === undefined ? 200 : 503).end(`${reason ?? 'ready'}\n`);
    } else if (path === '/metrics') {
      metrics.metrics().then(
        (text) => res.setHeader('content-type', metrics.contentType).end(text),
        (error: unknown) => res.writeHead(500).end(`${String(error)}\n`),
      );
    } else res.writeHead(404).end('try /healthz, /readyz or /metrics\n');
  });
  const port = await listen(server, address, 'probe listener');
  return { port, close: () => stopListening(server, () => server.closeAllConnections()) };
}
