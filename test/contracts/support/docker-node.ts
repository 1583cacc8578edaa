// A backend in a container, of Node's own modules only: answers probes, says `draining` on SIGTERM, ends a moment
// later.
import { createServer } from 'node:http';

const { WSCLUSTER_LISTEN = ':8080', READYZ_STATUS = '200', HEALTHZ_STATUS = '200', LINGER_MS = '500' } = process.env;
let draining = false;
const statuses = { ready: Number(READYZ_STATUS), healthy: Number(HEALTHZ_STATUS) };

const server = createServer((req, res) => {
  // What a probe finds can be changed from outside: PUT /set?ready=503&healthy=500&draining=true
  const url = new URL(req.url ?? '/', 'http://node');
  if (url.pathname === '/set') {
    statuses.ready = Number(url.searchParams.get('ready') ?? statuses.ready);
    statuses.healthy = Number(url.searchParams.get('healthy') ?? statuses.healthy);
    draining = url.searchParams.get('draining') === 'true' || draining;
    res.end('set');
  } else if (url.pathname === '/healthz') res.writeHead(statuses.healthy).end('healthy');
  else if (url.pathname !== '/readyz') res.writeHead(404).end(JSON.stringify(process.env));
  else if (draining) res.writeHead(503).end('draining');
  else res.writeHead(statuses.ready).end();
});
server.listen(Number(WSCLUSTER_LISTEN.split(':').at(-1)), '::');
process.on('SIGTERM', () => {
  draining = true;
  setTimeout(() => process.exit(0), Number(LINGER_MS));
});
