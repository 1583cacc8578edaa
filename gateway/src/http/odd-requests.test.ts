import { request } from 'node:http';
import { gatewayLimitsSchema } from '@wscluster/ring';
import { expect, it } from 'vitest';
import { eventually } from '../testing/eventually.ts';
import { startTestGateway } from '../testing/gateway-under-test.ts';
import { rawRequest, startRawNode } from '../testing/raw-socket.ts';
import { releaseUpTo, revision, ringMessage, ringOf, SETTINGS } from '../testing/rings.ts';
import { useGateway } from '../testing/use-gateway.ts';

const { gatewayFor, echoNode } = useGateway({});

it('an offer of another protocol is ignored, and the request served as it is', async () => {
  const node = await echoNode('a');
  const { gateway } = await gatewayFor(node);
  const client = rawRequest(gateway.port, [
    'POST /send?userId=ada HTTP/1.1',
    'Host: x',
    'Connection: Upgrade, HTTP2-Settings, close',
    'Upgrade: h2c',
    'HTTP2-Settings: AAMAAABkAAQAAP__',
    'Content-Length: 0',
  ]);
  await eventually('an answer', () => client.text.includes('"node":"a"'));
  expect(client.text).toMatch(/^HTTP\/1\.1 200 /);
  expect(client.text).not.toMatch(/h2c|http2-settings/i);
  client.socket.destroy();
});

it('headers that only look like those of a gateway do not reach the node', async () => {
  const node = await echoNode('a');
  const { gateway } = await gatewayFor(node);
  const headers = { X_WsCluster_Key: 'forged', 'X-WsCluster_Revision': '99.9', 'Proxy-Authorization': 'secret' };
  const answer = await fetch(`http://127.0.0.1:${gateway.port}/send?userId=ada`, { headers });
  const echo = (await answer.json()) as { headers: Record<string, string> };
  expect(Object.entries(echo.headers).filter(([, value]) => ['forged', '99.9', 'secret'].includes(value))).toEqual([]);
  expect(echo.headers['x-wscluster-key']).toBe('ada');
});

it('a connection is kept for the next request for keepAliveSeconds, 75 by default, and then closed', async () => {
  const node = await echoNode('a');
  const test = await gatewayFor(node);
  const kept = async () => {
    const client = rawRequest(test.gateway.port, ['GET /send?userId=ada HTTP/1.1', 'Host: x']);
    await eventually('an answer', () => client.text.endsWith('}'));
    return client;
  };
  const first = await kept();
  expect(first.text).toMatch(/\r\nKeep-Alive: timeout=75\r\n/i);
  first.socket.write('GET /send?userId=eve HTTP/1.1\r\nHost: x\r\n\r\n');
  await eventually('the next answer', () => first.text.includes('userId=eve'));
  first.socket.destroy();

  const settings = { ...SETTINGS, limits: gatewayLimitsSchema.parse({ keepAliveSeconds: 1 }) };
  test.broadcast(ringMessage(ringOf(revision(2), [node]), releaseUpTo(revision(2)), settings));
  const second = await kept();
  expect(second.text).toMatch(/\r\nKeep-Alive: timeout=1\r\n/i);
  await eventually('the gateway closes it', () => second.ended || second.closed);
  second.socket.destroy();
});

it('a request under way when the gateway stops is still answered, on a connection that then closes', async () => {
  let answer = () => {};
  const node = await startRawNode('a', ({ socket }) => {
    answer = () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
  });
  const { gateway } = await startTestGateway(ringMessage(ringOf(revision(1), [node])), { drainMs: 5000 });
  const answered = new Promise<{ status: number; connection: string }>((resolve, reject) => {
    const req = request(
      {
        host: '127.0.0.1',
        port: gateway.port,
        method: 'POST',
        path: '/send?userId=ada',
        agent: false,
        headers: { connection: 'keep-alive' },
      },
      (res) => {
        res.resume();
        res.on('end', () => resolve({ status: res.statusCode ?? 0, connection: res.headers.connection ?? '' }));
      },
    );
    req.on('error', reject);
    req.end('x');
  });
  await eventually('the node has the request', () => node.sockets.length === 1 && answer.toString() !== '() => {}');
  const stopped = gateway.stop();
  answer();
  expect(await answered).toEqual({ status: 200, connection: 'close' });
  await stopped;
  await node.stop();
});
