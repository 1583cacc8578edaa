import { connectClient } from '@wscluster/gateway/testing/client';
import { startEchoNode } from '@wscluster/gateway/testing/echo-node';
import { eventually } from '@wscluster/gateway/testing/eventually';
import { type RawSocket, WEBSOCKET_KEY, watchSocket } from '@wscluster/gateway/testing/raw-socket';
import { revision, ringMessage, ringOf } from '@wscluster/gateway/testing/rings';
import { expect, test } from 'vitest';
import { answerTo, headOf, rawClient } from './support/answers.ts';
import { GatewayProcess } from './support/gateway-process.ts';

const OPEN_FILES = 80;

const UPGRADE = headOf(
  'GET /connect/bob HTTP/1.1',
  'Host: x',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  `Sec-WebSocket-Key: ${WEBSOCKET_KEY}`,
);

test('a gateway without a free file descriptor keeps those it has, blames no node, and recovers', async () => {
  const node = await startEchoNode('a');
  const gateway = await GatewayProcess.start(ringMessage(ringOf(revision(1), [node])), {}, OPEN_FILES);
  const flood: RawSocket[] = [];
  try {
    const client = await connectClient(gateway.port);
    for (let i = 0; i < 2 * OPEN_FILES; i++) flood.push(rawClient(gateway.port, ''));
    // Those that were accepted open WebSockets, which takes a descriptor each, until there is none.
    let refusal = '';
    for (const { socket } of flood) {
      const raw = watchSocket(socket);
      if (socket.writable) socket.write(UPGRADE);
      await eventually('an answer, unless it was not accepted', () => raw.text !== '' || raw.ended || raw.closed);
      if (raw.text !== '' && !raw.text.startsWith('HTTP/1.1 101 ')) refusal = raw.text;
      if (refusal !== '') break;
    }
    expect(refusal).toMatch(/^HTTP\/1\.1 503 [\s\S]*"field":"fileDescriptors"/);
    client.socket.send('still here');
    await eventually('the echo', () => client.messages[0] === 'still here');
    for (const { socket } of flood) socket.destroy();
    await eventually('they are gone', () => gateway.descriptors < 40);
    const again = await answerTo(
      rawClient(gateway.port, headOf('GET /send?userId=ada HTTP/1.1', 'Host: x', 'Connection: close')),
    );
    expect(again.status).toBe(200);
    client.socket.terminate();
  } finally {
    for (const { socket } of flood) socket.destroy();
    await gateway.kill();
    await node.stop();
  }
});
