import { eventually } from '@wscluster/gateway/testing/eventually';
import { accept, rawUpgrade, switching } from '@wscluster/gateway/testing/raw-socket';
import { describe, expect, it } from 'vitest';
import { answerTo, codeOf } from './support/answers.ts';
import { startDeafNode } from './support/deaf-node.ts';
import { NOBODY, useScene } from './support/scene.ts';

const { gatewayFor, rawNode, nothingLeft } = useScene();

const UPGRADED = 'HTTP/1.1 101 Switching Protocols\r\n';

describe('an owner whose answer to the upgrade cannot be used', () => {
  it.each([
    ['a 101 to another key', switching('AAAAAAAAAAAAAAAAAAAAAA==')],
    ['a 101 without Sec-WebSocket-Accept', `${UPGRADED}Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n`],
    ['a 101 to another protocol', switching().replace('Upgrade: websocket', 'Upgrade: h2c')],
    ['a 101 without Connection', switching().replace('Connection: Upgrade\r\n', '')],
    ['another protocol', '220 smtp.example ESMTP\r\n\r\n'],
    ['a broken header', 'HTTP/1.1 200 OK\r\nno colon\r\n\r\n'],
    ['a control character in its reason', 'HTTP/1.1 200 a\x01b\r\n\r\n'],
    ['a control character in a header', 'HTTP/1.1 200 OK\r\nX: a\x01b\r\n\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'],
    ['a length that is none', 'HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\na'],
    ['a length beside chunks', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['another transfer coding', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nab'],
    ['a head without an end', `HTTP/1.1 200 OK\r\n${'X: y\r\n'.repeat(5_000)}`],
    ['informational answers without an end', 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(3)],
  ])('with %s is a 502 or 504 that says so', async (what, text) => {
    const node = await rawNode('a', ({ socket }) => socket.write(text));
    const { gateway } = await gatewayFor(node);
    const answer = await answerTo(rawUpgrade(gateway.port, '/connect/ada'));
    const silent = what.startsWith('informational');
    expect(answer.status).toBe(silent ? 504 : 502);
    expect(codeOf(answer)).toEqual({ code: silent ? 'OWNER_TIMEOUT' : 'OWNER_PROTOCOL' });
    await nothingLeft();
  });

  it.each([
    ['refuses the connection', undefined, 502, 'OWNER_UNREACHABLE'],
    ['hangs before its answer', '', 504, 'OWNER_TIMEOUT'],
    ['hangs within the head of its answer', 'HTTP/1.1 101 Switching Protocols\r\nUpgr', 504, 'OWNER_TIMEOUT'],
  ])('because it %s is one too', async (_what, text, status, code) => {
    const node = text === undefined ? NOBODY : await rawNode('a', ({ socket }) => socket.write(text));
    const { gateway } = await gatewayFor(node);
    const answer = await answerTo(rawUpgrade(gateway.port, '/connect/ada'));
    expect(answer.status).toBe(status);
    expect(codeOf(answer)).toEqual({ code });
    await nothingLeft();
  });

  it('because it cannot even be connected is one too', async () => {
    const node = await startDeafNode('a');
    try {
      const { gateway } = await gatewayFor(node);
      const answer = await answerTo(rawUpgrade(gateway.port, '/connect/ada'));
      expect(answer.status).toBe(504);
      expect(codeOf(answer)).toEqual({ code: 'OWNER_TIMEOUT' });
      await nothingLeft();
    } finally {
      await node.stop();
    }
  });

  it('because it ends the connection instead is one too', async () => {
    const node = await rawNode('a', ({ socket }) => socket.end());
    const { gateway } = await gatewayFor(node);
    const answer = await answerTo(rawUpgrade(gateway.port, '/connect/ada'));
    expect(answer.status).toBe(502);
    expect(codeOf(answer)).toEqual({ code: 'OWNER_UNREACHABLE' });
    await nothingLeft();
  });
});

describe('an owner that answers an upgrade in plain HTTP', () => {
  it.each([
    ['200 OK', 'Content-Type: text/html', 'no WebSockets here'],
    ['302 Found', 'Location: https://elsewhere.example/', ''],
    ['401 Unauthorized', 'WWW-Authenticate: Bearer', 'who are you?'],
    ['500 Internal Server Error', 'X-Trace: 17', 'broken'],
  ])('with %s has its answer passed on whole, and both connections closed', async (status, header, body) => {
    const node = await rawNode('a', ({ socket }) => {
      socket.write(`HTTP/1.1 ${status}\r\n${header}\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    });
    const { gateway } = await gatewayFor(node);
    const client = rawUpgrade(gateway.port, '/connect/ada');
    const answer = await answerTo(client);
    expect(client.text.split('\r\n')[0]).toBe(`HTTP/1.1 ${status}`);
    expect(client.text).toContain(`\r\n${header}\r\n`);
    expect(answer.head).toContain('\r\nconnection: close');
    expect(answer.body).toBe(body);
    await nothingLeft();
  });

  it.each([
    ['', ''],
    [', whatever length it says', 'Content-Length: 5\r\n'],
  ])('with a 204 needs no body to end%s', async (_what, length) => {
    const node = await rawNode('a', ({ socket }) => socket.write(`HTTP/1.1 204 No Content\r\n${length}\r\n`));
    const { gateway } = await gatewayFor(node);
    const answer = await answerTo(rawUpgrade(gateway.port, '/connect/ada'));
    expect(answer.status).toBe(204);
    expect(answer.head).not.toContain('content-length');
    await nothingLeft();
  });

  it('with 1,500 header lines has all of them passed on', async () => {
    const lines = Array.from({ length: 1_500 }, (_, i) => `X: ${i}\r\n`).join('');
    const node = await rawNode('a', ({ socket }) =>
      socket.write(`HTTP/1.1 403 Forbidden\r\n${lines}Content-Length: 0\r\n\r\n`),
    );
    const { gateway } = await gatewayFor(node);
    const answer = await answerTo(rawUpgrade(gateway.port, '/connect/ada'));
    expect(answer.status).toBe(403);
    expect(answer.head.match(/\r\nx: \d+/g)).toHaveLength(1_500);
    await nothingLeft();
  });

  it('and hangs within the body is cut off, what there was passed on', async () => {
    const node = await rawNode('a', ({ socket }) =>
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf'),
    );
    const { gateway } = await gatewayFor(node);
    const answer = await answerTo(rawUpgrade(gateway.port, '/connect/ada'));
    expect(answer.body).toBe('half');
    await nothingLeft();
  });

  it('and sends more than it said has only that passed on', async () => {
    const node = await rawNode('a', ({ socket }) =>
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbodyHTTP/1.1 200 OK\r\n\r\nsmuggled'),
    );
    const { gateway } = await gatewayFor(node);
    const answer = await answerTo(rawUpgrade(gateway.port, '/connect/ada'));
    expect(answer.body).toBe('body');
    await nothingLeft();
  });
});

it('an owner that says nothing holds nobody else up', async () => {
  const node = await rawNode('a', (peer) => {
    if (peer.text.includes('/connect/grace')) accept(peer);
  });
  const { gateway } = await gatewayFor(node);
  const ada = rawUpgrade(gateway.port, '/connect/ada');
  const grace = rawUpgrade(gateway.port, '/connect/grace');
  await eventually('the 101 of the other one', () => grace.text.includes(' 101 '));
  expect(ada.text).toBe('');
  expect((await answerTo(ada)).status).toBe(504);
  grace.socket.destroy();
  await nothingLeft();
});
