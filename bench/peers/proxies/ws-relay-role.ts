/** A relay of messages, `ws` on both sides, for one node: `node ws-relay-role.ts PORT NODE-PORT`. */
import { createServer } from 'node:http';
import { WebSocket, WebSocketServer } from 'ws';

const [port, nodePort] = process.argv.slice(2);
const clients = new WebSocketServer({ noServer: true, perMessageDeflate: false });
const server = createServer((_, res) => res.writeHead(426).end());

server.on('upgrade', (req, socket, head) => {
  const node = new WebSocket(`ws://127.0.0.1:${nodePort}${req.url}`, { perMessageDeflate: false });
  node.on('error', () => socket.destroy());
  socket.on('error', () => node.terminate());
  // The client is told when the node has answered, as by all other proxies.
  node.once('open', () =>
    clients.handleUpgrade(req, socket, head, (client) => {
      relay(client, node);
      relay(node, client);
    }),
  );
});
server.listen({ port: Number(port), host: '127.0.0.1', backlog: 4096 });

/** Bytes that may wait to be written; beyond them, nothing more is read. */
const WAITING = 256 * 1024;

function relay(from: WebSocket, to: WebSocket): void {
  from.on('message', (data, isBinary) => {
    to.send(data, { binary: isBinary }, () => {
      if (from.isPaused && to.bufferedAmount <= WAITING) from.resume();
    });
    if (to.bufferedAmount > WAITING) from.pause();
  });
  from.on('error', () => to.terminate());
  from.on('close', () => to.terminate());
}
