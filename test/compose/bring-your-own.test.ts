import { once } from 'node:events';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DockerEngine } from '@wscluster/testbed';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { until } from '../e2e/support/wait.ts';
import { Deployment } from './support/deployment.ts';

const IMAGE = 'wscluster-test/plain-echo:1';
const DOCKERFILE = `FROM node:24-bookworm-slim
COPY . /app
CMD ["node", "/app/plain-echo.mjs"]
`;
const PATIENCE_MS = 1_200_000;

let site: Deployment;

beforeAll(async () => {
  site = await Deployment.up(['compose.yaml', 'bring-your-own.yaml'], { prepare: plainEcho });
}, PATIENCE_MS);

afterAll(async () => {
  await site?.down();
}, 120_000);

/** Builds the image of a backend as anybody may have one; the variable that names it. */
async function plainEcho(engine: DockerEngine): Promise<Record<string, string>> {
  const context = mkdtempSync(join(tmpdir(), 'wsc-echo-'));
  try {
    writeFileSync(join(context, 'Dockerfile'), DOCKERFILE);
    cpSync(fileURLToPath(new URL('./support/plain-echo.mjs', import.meta.url)), join(context, 'plain-echo.mjs'));
    const library = dirname(fileURLToPath(import.meta.resolve('ws')));
    cpSync(library, join(context, 'node_modules', 'ws'), { recursive: true });
    await engine.docker('build', '--quiet', '--tag', IMAGE, context);
  } finally {
    rmSync(context, { recursive: true, force: true });
  }
  return { BACKEND_IMAGE: IMAGE };
}

test('containers that know nothing of wscluster are nodes; docker stop moves the client of one to the other', async () => {
  const backends = await site.containers('backend');
  expect(backends).toHaveLength(2);
  await site.agreed(backends);
  const owners = await site.owners();

  const [url = ''] = site.clientUrls('alice');
  const first = await connect(url);
  expect(owners('alice')?.slice(0, 12)).toBe(first.greeting);
  first.socket.send('hello');
  expect(String((await once(first.socket, 'message'))[0])).toBe('hello');

  const closed = once(first.socket, 'close');
  const stopped = site.docker('stop', '--time', '10', owners('alice') ?? '');
  expect((await closed)[0]).toBe(1012);
  const second = await connect(url);
  expect(second.greeting).not.toBe(first.greeting);
  // It takes no notice of SIGTERM, and so was there all the time.
  expect(await site.containers('backend')).toHaveLength(2);
  await stopped;
  await site.agreed(backends.filter((id) => id !== owners('alice')));
  expect(second.socket.readyState).toBe(WebSocket.OPEN);
  second.socket.terminate();
  await until('the socket is closed', () => second.socket.readyState === WebSocket.CLOSED);
});

async function connect(url: string): Promise<{ socket: WebSocket; greeting: string }> {
  const socket = new WebSocket(url);
  const [greeting] = (await once(socket, 'message')) as [Buffer];
  return { socket, greeting: String(greeting) };
}
