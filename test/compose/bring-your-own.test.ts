import { once } from 'node:events';
import { chmodSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DockerEngine } from '@wscluster/testbed';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { parse, stringify } from 'yaml';
import { root } from '../e2e/support/run.ts';
import { until } from '../e2e/support/wait.ts';
import { RecipeInImage } from '../recipes/support/recipe-in-image.ts';
import { Deployment } from './support/deployment.ts';

const IMAGE = 'wscluster-test/plain-echo:1';
const DOCKERFILE = `FROM node:24-bookworm-slim
COPY . /app
CMD ["node", "/app/plain-echo.mjs"]
`;
const PATIENCE_MS = 1_200_000;

const RECIPES = [new RecipeInImage('socket.io'), new RecipeInImage('y-websocket')];

let site: Deployment;
const clusters = mkdtempSync(join(tmpdir(), 'wsc-clusters-'));

beforeAll(async () => {
  site = await Deployment.up(['compose.yaml', 'bring-your-own.yaml'], {
    prepare: async (engine) => ({ ...(await plainEcho(engine)), WSCLUSTER_CLUSTERS: declareCluster() }),
  });
}, PATIENCE_MS);

afterAll(async () => {
  await site?.down();
  rmSync(clusters, { recursive: true });
}, 120_000);

/** The folder of the cluster file: the one in deploy/compose, with the routes of the recipes too. */
function declareCluster(): string {
  const file = parse(readFileSync(join(root, 'deploy/compose/bring-your-own/chat.yaml'), 'utf8')) as {
    spec: { routing: { routes: object[] } };
  };
  file.spec.routing.routes.push(...RECIPES.flatMap(({ routes }) => routes));
  writeFileSync(join(clusters, 'chat.yaml'), stringify(file));
  chmodSync(clusters, 0o755); // the controllers are not root
  return clusters;
}

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

test('a node is told where its client is, whatever the client claims', async () => {
  const claims = {
    'X-Forwarded-For': '203.0.113.7',
    'X-Forwarded-Proto': 'https',
    'X-Forwarded-Host': 'bank.example',
    'X-Real-IP': '203.0.113.7',
    Forwarded: 'for=203.0.113.7;host=bank.example;proto=https',
  };
  await site.agreed(await site.containers('backend'));
  const [url = ''] = site.clientUrls('bob');
  const { socket, headers } = await connect(url, claims);
  socket.terminate();
  // Docker passes on what comes to a published port of loopback from the network's first address.
  const client = await site.docker('network', 'inspect', '--format', '{{(index .IPAM.Config 0).Gateway}}', 'wscluster');
  const nginx = headers['x-forwarded-for']?.split(', ').at(-1); // who has connected to the gateway
  expect(headers).toMatchObject({
    'x-real-ip': client,
    'x-forwarded-for': `${client}, ${nginx}`,
    'x-forwarded-proto': 'http',
    'x-forwarded-host': site.address,
    forwarded: `for=${client};host="${site.address}";proto=http, for=${nginx};host="${site.address}";proto=http`,
  });
});

test('containers that know nothing of wscluster are nodes; docker stop moves the client of one to the other', async () => {
  const backends = await site.containers('backend');
  expect(backends).toHaveLength(2);
  await site.agreed(backends);
  const owners = await site.owners();

  const [url = ''] = site.clientUrls('alice');
  const first = await connect(url);
  expect(owners('alice')?.slice(0, 12)).toBe(first.host);
  first.socket.send('hello');
  expect(String((await once(first.socket, 'message'))[0])).toBe('hello');

  const closed = once(first.socket, 'close');
  const stopped = site.docker('stop', '--time', '10', owners('alice') ?? '');
  expect((await closed)[0]).toBe(1012);
  const second = await connect(url);
  expect(second.host).not.toBe(first.host);
  // It takes no notice of SIGTERM, and so was there all the time.
  expect(await site.containers('backend')).toHaveLength(2);
  await stopped;
  await site.agreed(backends.filter((id) => id !== owners('alice')));
  expect(second.socket.readyState).toBe(WebSocket.OPEN);
  second.socket.terminate();
  await until('the socket is closed', () => second.socket.readyState === WebSocket.CLOSED);
});

test.each(RECIPES.map((recipe) => [recipe.name, recipe] as const))(
  '%s runs in their place, unmodified; docker stop moves the clients of one container',
  async (_name, recipe) => {
    await site.bring(await recipe.build(site.engine), 3);
    const backends = await site.containers('backend');
    expect(backends).toHaveLength(3);
    const [stopped = '', ...others] = backends;
    await site.agreed(backends);
    const stop = async () => {
      await site.docker('stop', '--time', '10', stopped);
      await site.agreed(others);
    };
    expect((await recipe.through(site, site.address, stop)).told).toEqual([recipe.told]);
  },
  180_000,
);

interface Greeting {
  /** Begins the id of the node's container. */
  readonly host: string;
  /** Of the handshake, as the node got it. */
  readonly headers: Record<string, string>;
}

async function connect(url: string, headers = {}): Promise<Greeting & { socket: WebSocket }> {
  const socket = new WebSocket(url, { headers });
  const [greeting] = (await once(socket, 'message')) as [Buffer];
  return { socket, ...(JSON.parse(String(greeting)) as Greeting) };
}
