import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { eventually } from '../testing/eventually.ts';
import { GET, rawBytes, refusal } from '../testing/raw-request.ts';
import { useGateway } from '../testing/use-gateway.ts';

const { gatewayFor, echoNode, rawNode } = useGateway({});
/** For what ends by one limit, which no other may forestall. */
const hasty = {
  body: useGateway({ bodySilenceMs: 1_000 }),
  request: useGateway({ requestMs: 2_500 }),
  answer: useGateway({ httpAnswerMs: 1_500 }),
};

describe('a body that stops arriving', () => {
  const head = (length: string) => `POST /send?userId=ada HTTP/1.1\r\nHost: x\r\n${length}\r\n\r\n`;

  it.each([
    ['a short one', head('Content-Length: 10'), 'half'],
    ['a long one', head('Content-Length: 1000000'), 'half'],
    ['one in chunks', head('Transfer-Encoding: chunked'), '4\r\nhalf\r\n'],
    ['one that never begins', head('Content-Length: 10'), ''],
  ])('%s is a 408, and the connection is closed', async (_what, start, part) => {
    const node = await hasty.body.rawNode('a');
    const { gateway } = await hasty.body.gatewayFor(node);
    const client = rawBytes(gateway.port, start + part);
    expect(await refusal(client)).toMatchObject({ status: 408, code: 'LIMIT_REACHED', field: 'bodySilenceSeconds' });
    await eventually('nothing is left', () => gateway.sockets === 0);
    await eventually('the node is let go', () => node.sockets.every(({ ended, closed }) => ended || closed));
  });

  it.each([
    ['a short one', head('Content-Length: 1000'), 'x'],
    ['one in chunks', head('Transfer-Encoding: chunked'), '1\r\nx\r\n'],
  ])('%s that trickles is a 408 once the whole request is late', async (_what, start, part) => {
    const node = await hasty.request.rawNode('a');
    const { gateway } = await hasty.request.gatewayFor(node);
    const client = rawBytes(gateway.port, start);
    const trickle = setInterval(() => client.socket.writable && client.socket.write(part), 50);
    const answer = await refusal(client).finally(() => clearInterval(trickle));
    expect(answer).toMatchObject({ status: 408, code: 'LIMIT_REACHED', field: 'requestSeconds' });
    await eventually('nothing is left', () => gateway.sockets === 0);
  });

  it('is a 504 when it is the node that does not take it', async () => {
    const node = await hasty.answer.rawNode('a', ({ socket }) => socket.pause());
    const { gateway } = await hasty.answer.gatewayFor(node);
    const client = rawBytes(gateway.port, head('Content-Length: 100000000'));
    const send = () => {
      if (client.socket.writable && !client.socket.writableNeedDrain) client.socket.write('x'.repeat(1 << 16));
    };
    const sending = setInterval(send, 2);
    const answer = await refusal(client).finally(() => clearInterval(sending));
    expect(answer).toMatchObject({ status: 504, code: 'OWNER_TIMEOUT' });
  });

  it('whose rest is broken is a 400', async () => {
    const node = await rawNode('a');
    const { gateway } = await gatewayFor(node);
    const client = rawBytes(gateway.port, `${head('Transfer-Encoding: chunked')}zz\r\n`);
    expect(await refusal(client)).toMatchObject({ status: 400, code: 'REQUEST_INVALID' });
  });
});

describe('a request that is none of a node’s', () => {
  it('for a tunnel is refused', async () => {
    const { gateway } = await gatewayFor(await echoNode('a'));
    const client = rawBytes(gateway.port, 'CONNECT example.org:443 HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(await refusal(client)).toMatchObject({ status: 400, code: 'REQUEST_INVALID', field: 'method' });
  });

  it('for the options of the server itself is answered by the gateway', async () => {
    const { gateway } = await gatewayFor(await echoNode('a'));
    const client = rawBytes(gateway.port, 'OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    await eventually('the answer', () => client.ended);
    expect(client.text).toMatch(/^HTTP\/1\.1 204 [\s\S]*allow: GET, /i);
    client.socket.destroy();
  });

  it('in a transfer coding other than chunked is refused', async () => {
    const { gateway } = await gatewayFor(await echoNode('a'));
    const client = rawBytes(gateway.port, `${GET.slice(0, -2)}Transfer-Encoding: gzip\r\n\r\n`);
    expect(await refusal(client)).toMatchObject({ status: 501, code: 'REQUEST_INVALID', field: 'transfer-encoding' });
  });
});

it('a client that resets right after its request does not hide its address', async () => {
  const node = await rawNode('a');
  const { gateway } = await gatewayFor(node);
  for (let i = 0; i < 50; i++) {
    const socket = connect({ port: gateway.port, host: '127.0.0.1' }).on('error', () => {});
    socket.write(GET, () => socket.resetAndDestroy());
  }
  await eventually('some reach the node', () => node.sockets.length > 0);
  await eventually('all are gone', () => gateway.sockets === 0);
  for (const { text } of node.sockets) if (text !== '') expect(text).toContain('X-Forwarded-For: 127.0.0.1\r\n');
});
