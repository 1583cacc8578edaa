import { describe, expect, it } from 'vitest';
import { connectClient } from '../testing/client.ts';
import { eventually } from '../testing/eventually.ts';
import { GET, rawBytes, refusal } from '../testing/raw-request.ts';
import { accept, frame } from '../testing/raw-socket.ts';
import { useGateway } from '../testing/use-gateway.ts';

const { gatewayFor, rawNode } = useGateway({});

describe('an answer of a node that no client can read', () => {
  it.each([
    ['a control character in its reason', 'HTTP/1.1 200 a\x01b\r\nContent-Length: 0\r\n\r\n'],
    ['a control character in a header', 'HTTP/1.1 200 OK\r\nX: a\x01b\r\nContent-Length: 0\r\n\r\n'],
    ['a status that is none', 'HTTP/1.1 099 No\r\nContent-Length: 0\r\n\r\n'],
    ['a status of four digits', 'HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n'],
    ['another protocol', 'SSH-2.0-OpenSSH_9.6\r\n\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'],
    ['a length beside chunks', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['another transfer coding', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nxx'],
    ['another transfer coding before chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n'],
    [
      'a protocol that nobody asked for',
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n',
    ],
    ['a head without an end', `HTTP/1.1 200 OK\r\nX: ${'y'.repeat(20_000)}`],
  ])('with %s is a 502 for its client, and nothing for the others', async (_what, text) => {
    const node = await rawNode('a', (peer) => {
      if (peer.text.startsWith('GET /connect')) accept(peer);
      else peer.socket.write(text, 'latin1');
    });
    const { gateway } = await gatewayFor(node);
    const other = await connectClient(gateway.port);
    expect(await refusal(rawBytes(gateway.port, GET))).toMatchObject({ status: 502, code: 'OWNER_PROTOCOL' });
    node.sockets[0]?.socket.write(frame(1, 'still here'));
    await eventually('a message to the other', () => other.messages[0] === 'still here');
    other.socket.terminate();
  });

  it('which breaks off at once is a 502 too', async () => {
    const node = await rawNode('a', ({ socket }) => socket.end());
    const { gateway } = await gatewayFor(node);
    expect(await refusal(rawBytes(gateway.port, GET))).toMatchObject({ status: 502, code: 'OWNER_UNREACHABLE' });
  });

  it('with a 204 that has a length has it taken away, so that the next answer is not taken for a body', async () => {
    const node = await rawNode('a', ({ socket }) =>
      socket.write('HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n'),
    );
    const { gateway } = await gatewayFor(node);
    const client = rawBytes(gateway.port, GET);
    await eventually('the answer', () => client.text.includes('\r\n\r\n'));
    expect(client.text).toMatch(/^HTTP\/1\.1 204 /);
    expect(client.text.toLowerCase()).not.toContain('content-length');
    client.socket.destroy();
  });

  it('with 1,500 header lines has all of them', async () => {
    const lines = Array.from({ length: 1_500 }, (_, i) => `X: ${i}\r\n`).join('');
    const node = await rawNode('a', ({ socket }) =>
      socket.write(`HTTP/1.1 200 OK\r\n${lines}Content-Length: 0\r\n\r\n`),
    );
    const { gateway } = await gatewayFor(node);
    const client = rawBytes(gateway.port, GET);
    await eventually('the answer', () => client.text.includes('\r\n\r\n'));
    expect(client.text).toContain('\r\nX: 1499\r\n');
    client.socket.destroy();
  });
});
