import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts, portBlock } from '@wscluster/testbed/ports';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { processesNaming } from './support/processes.ts';
import { type Command, wscluster } from './support/run.ts';
import { until } from './support/wait.ts';

let directory: string;
let started: Command[];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'wsc-init-'));
  started = [];
});
afterEach(async () => {
  for (const command of started) command.signal('SIGKILL');
  await until('nothing is left', () => processesNaming(directory).length === 0, 15_000);
  rmSync(directory, { recursive: true });
});

test('a server that knows nothing of wscluster runs by the file that init writes, and no file is replaced', async () => {
  const ws = JSON.stringify(import.meta.resolve('ws').replace('file://', ''));
  writeFileSync(
    join(directory, 'server.cjs'),
    `const { WebSocketServer } = require(${ws});
     const server = new WebSocketServer({ port: Number(process.argv[2]) });
     console.log('listening on ' + process.argv[2]);
     server.on('connection', (socket, { url }) => socket.send('you are in ' + url));`,
  );
  const file = join(directory, 'wscluster.yaml');
  const init = ['init', '--file', file, '--path', '/rooms/{room}', '--', process.execPath, 'server.cjs', '{port}'];
  const { code, stdout } = await wscluster(init).ended;
  expect([code, stdout]).toEqual([0, expect.stringContaining(`npx wscluster dev --cluster ${file}`)]);
  const written = readFileSync(file, 'utf8');
  const again = await wscluster(init).ended;
  expect([again.code, again.stderr]).toEqual([
    1,
    `wscluster init: ${file} already exists; name another file with --file\n`,
  ]);
  expect(readFileSync(file, 'utf8')).toBe(written);

  const [api = 0, first = 0, second = 0] = await freePorts(3);
  const probes = await portBlock(3);
  const ports = ['--api-port', `${api}`, '--gateway-ports', `${first},${second}`, '--probe-ports', `${probes}`];
  const dev = wscluster(['dev', '--cluster', file, '--state-dir', join(directory, 'state'), ...ports]);
  started.push(dev);
  await until('it is up', () => dev.stdout.includes('wscluster is up'), 60_000);
  for (const port of [first, second]) {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/rooms/blue`);
    const [data] = (await once(socket, 'message')) as [Buffer];
    expect(String(data)).toBe('you are in /rooms/blue');
    socket.terminate();
  }
  expect(dev.stdout.match(/node-[0-9a-f]{8}: listening on 2\d{4}/g)).toHaveLength(3);
  dev.signal('SIGINT');
  await dev.ended;
  expect(processesNaming(directory)).toEqual([]);
});
