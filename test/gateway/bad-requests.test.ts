import { eventually } from '@wscluster/gateway/testing/eventually';
import { accept, frame, rawUpgrade, switching, WEBSOCKET_KEY } from '@wscluster/gateway/testing/raw-socket';
import { describe, expect, it } from 'vitest';
import { answerTo, codeOf, headOf, rawClient } from './support/answers.ts';
import { NOBODY, SHORT, useScene } from './support/scene.ts';

const { gatewayFor, echoNode, rawNode, nothingLeft } = useScene();

const UPGRADE = ['Host: x', 'Connection: Upgrade', 'Upgrade: websocket'];
const VERSION = 'Sec-WebSocket-Version: 13';
const KEY = `Sec-WebSocket-Key: ${WEBSOCKET_KEY}`;

describe('an upgrade that is no WebSocket handshake', () => {
  it.each([
    ['has another version', 'GET', [...UPGRADE, KEY, 'Sec-WebSocket-Version: 8'], 426, 'sec-websocket-version'],
    ['has two versions', 'GET', [...UPGRADE, KEY, VERSION, 'Sec-WebSocket-Version: 8'], 426, 'sec-websocket-version'],
    ['has no version', 'GET', [...UPGRADE, KEY], 426, 'sec-websocket-version'],
    ['has no Sec-WebSocket-Key', 'GET', [...UPGRADE, VERSION], 400, 'sec-websocket-key'],
    ['has an empty one', 'GET', [...UPGRADE, VERSION, 'Sec-WebSocket-Key:'], 400, 'sec-websocket-key'],
    ['has a short one', 'GET', [...UPGRADE, VERSION, 'Sec-WebSocket-Key: c2hvcnQ='], 400, 'sec-websocket-key'],
    ['has two of them', 'GET', [...UPGRADE, VERSION, KEY, KEY], 400, 'sec-websocket-key'],
    ['is a POST', 'POST', [...UPGRADE, VERSION, KEY], 400, 'method'],
    ['has a body', 'GET', [...UPGRADE, VERSION, KEY, 'Content-Length: 5'], 400, 'content-length'],
    ['has no Host', 'GET', [...UPGRADE.slice(1), VERSION, KEY], 400, 'host'],
  ])('and %s is refused by the name of the header', async (_what, method, headers, status, field) => {
    const { gateway } = await gatewayFor(NOBODY);
    const answer = await answerTo(rawClient(gateway.port, headOf(`${method} /connect/ada HTTP/1.1`, ...headers)));
    expect(answer.status).toBe(status);
    expect(codeOf(answer)).toEqual({ code: 'REQUEST_INVALID', field });
    if (status === 426) expect(answer.head).toContain('\r\nsec-websocket-version: 13');
    await nothingLeft();
  });
});

describe('a request that asks for no WebSocket on the path of one', () => {
  it.each([
    ['a plain request', 'HTTP/1.1', ['Host: x', 'Connection: close']],
    ['an upgrade to something else', 'HTTP/1.1', ['Host: x', 'Connection: Upgrade, close', 'Upgrade: h2c']],
    ['an HTTP/1.0 request', 'HTTP/1.0', []],
    ['an HTTP/1.0 upgrade, which HTTP does not know', 'HTTP/1.0', [...UPGRADE, VERSION, KEY]],
  ])('%s is answered by the owner, in HTTP', async (_what, version, headers) => {
    const node = await echoNode('a');
    const { gateway } = await gatewayFor(node);
    const client = rawClient(gateway.port, headOf(`GET /connect/ada ${version}`, ...headers));
    const answer = await answerTo(client);
    expect(answer.status).toBe(200);
    expect(answer.body).toContain('"url":"/connect/ada"');
    expect(answer.body).toContain('"x-wscluster-key":"ada"');
    expect(answer.body).not.toContain('"upgrade"');
    await eventually('nothing is left', () => gateway.sockets === 0 && gateway.connections === 0);
  });
});

describe('a request that could be read in two ways', () => {
  it.each([
    ['has a backslash in its path', '/connect/a\\..\\b', ['Host: x'], 'path'],
    ['has a fragment', '/connect/ada#x', ['Host: x'], 'path'],
    ['has a fragment in its query', '/send?userId=ada#x', ['Host: x'], 'path'],
    ['begins with two slashes', '//connect/ada', ['Host: x'], 'path'],
    ['has dot segments with parameters', '/connect/..;x/ada', ['Host: x'], 'path'],
    ['has a dot segment before an encoded slash', '/connect/..%2fada', ['Host: x'], 'path'],
    ['has a dot segment between encoded slashes', '/connect/eve%2F%2e.%2Fada', ['Host: x'], 'path'],
    ['has a dot segment between encoded backslashes', '/connect/eve%5C..%5cada', ['Host: x'], 'path'],
    ['has two Hosts', '/connect/ada', ['Host: x', 'Host: y'], 'host'],
    ['has no Host', '/connect/ada', [], 'host'],
    ['has a Host that is none', '/connect/ada', ['Host: x/y'], 'host'],
    [
      'names more headers in Connection than there can be',
      '/connect/ada',
      ['Host: x', `Connection: ${'a,'.repeat(200)}`],
      'connection',
    ],
    [
      'offers more subprotocols than there can be',
      '/connect/ada',
      ['Host: x', `Sec-WebSocket-Protocol: ${'a,'.repeat(100)}`, 'Sec-WebSocket-Protocol: b'],
      'sec-websocket-protocol',
    ],
    [
      'offers more extensions than there can be',
      '/connect/ada',
      ['Host: x', `Sec-WebSocket-Extensions: ${'a,'.repeat(200)}`],
      'sec-websocket-extensions',
    ],
    [
      'offers an extension with more parameters than there can be',
      '/connect/ada',
      ['Host: x', `Sec-WebSocket-Extensions: a${';b'.repeat(200)}`],
      'sec-websocket-extensions',
    ],
  ])('because it %s is refused', async (_what, target, headers, field) => {
    const { gateway } = await gatewayFor(NOBODY);
    const plain = rawClient(gateway.port, headOf(`GET ${target} HTTP/1.1`, 'Connection: close', ...headers));
    const upgrade = headOf(`GET ${target} HTTP/1.1`, ...UPGRADE.slice(1), VERSION, KEY, ...headers);
    for (const answer of [await answerTo(plain), await answerTo(rawClient(gateway.port, upgrade))]) {
      expect(answer.status).toBe(400);
      expect(codeOf(answer)).toEqual({ code: 'REQUEST_INVALID', field });
    }
    await nothingLeft();
  });

  it('because its target is an absolute URL is not: path and host are those of the URL', async () => {
    const node = await echoNode('a');
    const { gateway } = await gatewayFor(node);
    const head = headOf('GET http://chat.example/connect/ada?x HTTP/1.1', 'Host: other', 'Connection: close');
    const { headers, url } = JSON.parse((await answerTo(rawClient(gateway.port, head))).body);
    expect(url).toBe('/connect/ada?x');
    expect(headers).toMatchObject({
      host: 'chat.example',
      'x-forwarded-host': 'chat.example',
      'x-wscluster-key': 'ada',
    });
    await eventually('nothing is left', () => gateway.sockets === 0);
  });

  it.each([
    ['another coding before chunks', 'HTTP/1.1', 'gzip, chunked'],
    ['another coding', 'HTTP/1.1', 'gzip'],
    ['chunks in HTTP/1.0, which has none', 'HTTP/1.0', 'chunked'],
  ])('because its body has %s is refused, and reaches no node', async (_what, version, coding) => {
    const { gateway } = await gatewayFor(NOBODY);
    const head = headOf(
      `POST /send?userId=ada ${version}`,
      'Host: x',
      `Transfer-Encoding: ${coding}`,
      'Connection: close',
    );
    const answer = await answerTo(rawClient(gateway.port, `${head}0\r\n\r\n`));
    expect(answer.status).toBe(501);
    expect(codeOf(answer)).toEqual({ code: 'REQUEST_INVALID', field: 'transfer-encoding' });
    await nothingLeft();
  });

  it('an expectation that nobody knows is ignored, and its request takes its turn', async () => {
    const node = await echoNode('a');
    const { gateway } = await gatewayFor(node);
    const ask = (n: number, ...more: string[]) =>
      headOf(`GET /send?userId=ada&n=${n} HTTP/1.1`, 'Host: x', 'Expect: miracles', ...more);
    const client = rawClient(gateway.port, ask(1) + ask(2) + ask(3, 'Connection: close'));
    await answerTo(client);
    expect(client.text.match(/HTTP\/1\.1 \d+|n=\d/g)).toEqual([
      'HTTP/1.1 200',
      'n=1',
      'HTTP/1.1 200',
      'n=2',
      'HTTP/1.1 200',
      'n=3',
    ]);
    expect(client.text).not.toContain('miracles');
    await eventually('nothing is left', () => gateway.sockets === 0);
  });

  it('an empty Host reaches the node as it is', async () => {
    const node = await echoNode('a');
    const { gateway } = await gatewayFor(node);
    const head = headOf('GET /send?userId=ada HTTP/1.1', 'Host:', 'Connection: close');
    expect(JSON.parse((await answerTo(rawClient(gateway.port, head))).body).headers.host).toBe('');
    await eventually('nothing is left', () => gateway.sockets === 0);
  });
});

describe('a head that is no head', () => {
  it.each([
    [
      'has a header above the limit',
      headOf('GET /connect/ada HTTP/1.1', ...UPGRADE, `Cookie: ${'x'.repeat(100_000)}`),
      431,
    ],
    [
      'has headers above the limit together',
      headOf('GET /connect/ada HTTP/1.1', ...UPGRADE, ...Array.from({ length: 5_000 }, (_, i) => `X-${i}: some value`)),
      431,
    ],
    [
      'has more header lines than the limit',
      headOf('GET /connect/ada HTTP/1.1', ...UPGRADE, ...Array.from({ length: 100 }, (_, i) => `X-${i}: y`)),
      431,
    ],
    ['is of TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400],
    ['is of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
    ['has a broken header', headOf('GET /connect/ada HTTP/1.1', 'Host: x', 'no colon'), 400],
    ['has a header in two lines', headOf('GET /connect/ada HTTP/1.1', 'Host: x', 'X-A: b', ' c'), 400],
    ['has a line end too few', 'GET /connect/ada HTTP/1.1\nHost: x\n\n', 400],
    [
      'has two lengths',
      headOf('POST /send?userId=ada HTTP/1.1', 'Host: x', 'Content-Length: 1', 'Content-Length: 2'),
      400,
    ],
    [
      'has a length beside chunks',
      headOf('POST /send?userId=ada HTTP/1.1', 'Host: x', 'Content-Length: 5', 'Transfer-Encoding: chunked'),
      400,
    ],
  ])('%s: it is refused, and the connection is closed', async (_what, text, status) => {
    const { gateway } = await gatewayFor(NOBODY);
    const answer = await answerTo(rawClient(gateway.port, text));
    expect(answer.status).toBe(status);
    expect(answer.head).toContain('connection: close');
    await nothingLeft();
  });

  it.each([
    ['never ends', 'GET /connect/ada HTTP/1.1\r\nHost: x\r\n'],
    ['never begins', ''],
  ])('%s: it is given up with a 408', async (_what, text) => {
    const { gateway } = await gatewayFor(NOBODY);
    const client = rawClient(gateway.port, text);
    const answer = await answerTo(client, 10_000);
    expect(answer.status).toBe(408);
    await nothingLeft();
  });

  it('comes a byte at a time: it is given up with a 408 all the same', async () => {
    const { gateway } = await gatewayFor(NOBODY);
    const client = rawClient(gateway.port, 'GET /connect/ada HTTP/1.1\r\nX: ');
    const drip = setInterval(() => client.socket.write('x'), SHORT.requestHeadMs / 20);
    const answer = await answerTo(client, 10_000).finally(() => clearInterval(drip));
    expect(answer.status).toBe(408);
    await nothingLeft();
  });
});

describe('what comes right behind a head', () => {
  it('is the first frames of a WebSocket: the node gets all of them, in order', async () => {
    const node = await rawNode('a', accept);
    const { gateway } = await gatewayFor(node);
    const frames = Array.from({ length: 100 }, (_, i) => frame(1, `message ${i}`, { masked: true }));
    const client = rawUpgrade(gateway.port, '/connect/ada', [], Buffer.concat(frames));
    const sent = Buffer.concat(frames).toString('latin1');
    await eventually('all frames', () => node.sockets[0]?.text.endsWith(`\r\n\r\n${sent}`) === true);
    client.socket.destroy();
    await nothingLeft();
  });

  it('is another request: both are answered, in order', async () => {
    const node = await echoNode('a');
    const { gateway } = await gatewayFor(node);
    const first = headOf('GET /send?userId=ada&n=1 HTTP/1.1', 'Host: x');
    const second = headOf('GET /send?userId=grace&n=2 HTTP/1.1', 'Host: x', 'Connection: close');
    const { text } = await (async () => {
      const client = rawClient(gateway.port, first + second);
      await answerTo(client);
      return client;
    })();
    expect(text.match(/n=\d/g)).toEqual(['n=1', 'n=2']);
    await eventually('nothing is left', () => gateway.sockets === 0);
  });

  it('is an upgrade, the request before it unanswered: its turn comes with the answer', async () => {
    const node = await rawNode('a', (peer) => {
      if (peer.text.startsWith('GET /connect')) accept(peer);
    });
    const { gateway } = await gatewayFor(node);
    const unanswered = headOf('GET /send?userId=ada HTTP/1.1', 'Host: x');
    const upgrade = headOf('GET /connect/ada HTTP/1.1', ...UPGRADE, VERSION, KEY);
    const client = rawClient(gateway.port, unanswered + upgrade);
    await eventually('the first request', () => node.sockets[0]?.text.includes('/send') === true);
    expect(node.sockets.length).toBe(1);
    node.sockets[0]?.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    await eventually('the 101', () => client.text.endsWith(switching()));
    expect(client.text).toMatch(/^HTTP\/1\.1 200 OK[\s\S]*\r\n\r\nokHTTP\/1\.1 101 /);
    client.socket.destroy();
    await eventually('nothing is left', () => gateway.connections === 0 && gateway.sockets === 0);
  });

  it('is an upgrade, once the request before it is answered: the connection is a WebSocket from then on', async () => {
    const node = await echoNode('a');
    const { gateway } = await gatewayFor(node);
    const client = rawClient(gateway.port, headOf('GET /send?userId=ada HTTP/1.1', 'Host: x'));
    await eventually('the answer', () => client.text.endsWith('}'));
    const answer = client.text;
    client.socket.write(headOf('GET /connect/ada HTTP/1.1', ...UPGRADE, VERSION, KEY));
    client.socket.write(frame(1, 'hello', { masked: true }));
    await eventually('the echo', () => client.text.endsWith('hello'));
    expect(client.text.slice(answer.length)).toMatch(/^HTTP\/1\.1 101 /);
    client.socket.destroy();
    await eventually('nothing is left', () => gateway.connections === 0 && gateway.sockets === 0);
  });
});
