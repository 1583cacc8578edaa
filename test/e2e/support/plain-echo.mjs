// A WebSocket server that knows nothing of wscluster: no probe, no key, no signal. It echoes.
import { WebSocketServer } from 'ws';

new WebSocketServer({ port: Number(process.env.PORT), host: '127.0.0.1' }).on('connection', (socket) => {
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
});
