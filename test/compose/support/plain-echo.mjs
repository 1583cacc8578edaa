// A WebSocket server that knows nothing of wscluster: no probe, no key, no signal. It says its host name and the
// headers of the handshake, and echoes.
import { hostname } from 'node:os';
import { WebSocketServer } from 'ws';

new WebSocketServer({ port: 8080 }).on('connection', (socket, { headers }) => {
  socket.send(JSON.stringify({ host: hostname(), headers }));
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
});
