import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { System } from './support/system.ts';
import { until } from './support/wait.ts';

let system: System | undefined;
afterEach(() => system?.stop());

function required(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: run the tests by npm test, which provides it`);
  return value;
}

async function echoed(url: string, text: string): Promise<string> {
  const socket = new WebSocket(url);
  await once(socket, 'open');
  socket.send(text);
  const [data] = (await once(socket, 'message')) as [Buffer];
  socket.close();
  return String(data);
}

test("a server of Python's websockets, unmodified, serves behind two gateways and is replaced when it is killed", async () => {
  const script = fileURLToPath(new URL('./support/python-server.py', import.meta.url));
  const command = [required('WSCLUSTER_TEST_PYTHON'), script, '{port}'];
  system = await System.start({ nodes: 2, gateways: 2, command });
  for (const url of system.clientUrls('alice')) expect(await echoed(url, 'hello')).toBe('hello');
  const [first] = await system.nodes();
  expect((await system.api('DELETE', `/nodes/${first?.id}?mode=kill`)).status).toBeLessThan(300);
  await until('another one is in its place', async () => {
    const nodes = (await system?.nodes()) ?? [];
    return nodes.filter(({ state }) => state === 'ready').length === 2 && nodes.every(({ id }) => id !== first?.id);
  });
  await system.settled(2);
  for (const url of system.clientUrls('bob')) expect(await echoed(url, 'again')).toBe('again');
});
