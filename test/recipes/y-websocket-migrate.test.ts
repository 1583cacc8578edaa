import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { migrations } from '../e2e/support/migrations.ts';
import { System } from '../e2e/support/system.ts';
import { until } from '../e2e/support/wait.ts';
import { recipeFolder } from './support/recipe-folder.ts';

const WRITERS = fileURLToPath(new URL('./support/yjs-writers.mjs', import.meta.url));
const ROOMS = Array.from({ length: 8 }, (_, n) => `document-${n + 1}`);

interface Line {
  readonly connected?: number;
  readonly closed?: string;
  readonly equal?: number[];
}

let folder: string;
let system: System | undefined;
let writers: ChildProcess | undefined;

afterEach(async () => {
  if (writers !== undefined && writers.exitCode === null) {
    const exit = once(writers, 'exit');
    writers.kill('SIGKILL');
    await exit;
  }
  await system?.stop();
  rmSync(folder, { recursive: true, force: true });
});

test('two Yjs clients write into each document while all nodes are replaced: none is disconnected, and the documents are equal', async () => {
  folder = recipeFolder('y-websocket');
  system = await System.start({
    ...{ nodes: 3, gateways: 2, rebalance: { mode: 'migrate' }, routes: [{ path: '/{room}', key: { param: 'room' } }] },
    command: [process.execPath, 'server.mjs'],
    nodeSettings: { workingDirectory: folder },
  });
  const gateways = system.gateways.map(({ port }) => `127.0.0.1:${port}`);
  cpSync(WRITERS, join(folder, 'writers.mjs'));
  writers = spawn(process.execPath, [join(folder, 'writers.mjs'), JSON.stringify(gateways), JSON.stringify(ROOMS)]);
  const lines: Line[] = [];
  let complaints = '';
  writers.stderr?.on('data', (text: Buffer) => {
    complaints += String(text);
  });
  if (writers.stdout !== null)
    createInterface({ input: writers.stdout }).on('line', (line) => lines.push(JSON.parse(line) as Line));
  const said = async (what: keyof Line) =>
    until(`the clients say ${what}`, () => lines.some((line) => line[what] !== undefined)).catch((error: Error) => {
      throw new Error(`${error.message}; they say: ${JSON.stringify(lines)} ${complaints}`);
    });
  await said('connected');

  const before = (await system.nodes()).map(({ id }) => id);
  for (const id of before) {
    await system.addNode();
    expect((await system.api('DELETE', `/nodes/${id}`)).status).toBe(202);
    await system.settled(3);
  }
  const after = (await system.nodes()).map(({ id }) => id);
  expect(before.filter((id) => after.includes(id))).toEqual([]);

  writers.stdin?.write('\n');
  await said('equal');
  expect(lines.flatMap(({ closed = [] }) => closed)).toEqual([]);
  expect(lines.at(-1)?.equal?.every((length) => length > 100)).toBe(true);
  const outcomes = await migrations(system);
  expect(Object.keys(outcomes)).toEqual(['migrated']);
  expect(outcomes.migrated).toBeGreaterThanOrEqual(2 * ROOMS.length);
}, 300_000);
