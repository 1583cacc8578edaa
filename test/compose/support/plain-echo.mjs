// A WebSocket server that knows nothing of wscluster: no probe, no key, no signal. It says its host name and echoes.
import { hostname } from 'node:os';
import { WebSocketServer } from 'ws';

new WebSocketServer({ port: 8080 }).on('connection', (socket) => {
  socket.send(hostname());
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
});
