// The server of the package, for clients that move without a reconnect.
import { createServer } from 'node:http';
import { wsNode } from '@wscluster/node';
import { docs, setupWSConnection } from '@y/websocket-server/utils';
import { createEncoder, toUint8Array, writeVarUint } from 'lib0/encoding';
import { WebSocketServer } from 'ws';
import { writeUpdate } from 'y-protocols/sync';
import { encodeStateAsUpdate } from 'yjs';

const SYNC = 0; // a kind of message

const server = createServer((_request, response) => response.end('okay'));
const node = wsNode({ server });
const webSockets = new WebSocketServer({ server });

/** All that is known of a document, as a message. */
function everything(doc) {
  const encoder = createEncoder();
  writeVarUint(encoder, SYNC);
  writeUpdate(encoder, encodeStateAsUpdate(doc));
  return toUint8Array(encoder);
}

webSockets.on('connection', (socket, request) => {
  const { pathname } = new URL(request.url, 'http://node');
  const docName = pathname.slice(1);
  // It asks the client for what this node lacks.
  setupWSConnection(socket, request, { docName });
  // A client that connects asks for what it lacks. One that moves does not, and others may have been here before it.
  if (node.arrivalOf(request) !== undefined) socket.send(everything(docs.get(docName)));
});

node.handOver(webSockets);
process.once('SIGTERM', async () => {
  await node.drain();
  process.exit(); // the documents have timers
});
server.listen(process.env.PORT);
