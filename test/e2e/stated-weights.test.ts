import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { System } from './support/system.ts';
import { until } from './support/wait.ts';

let folder: string;
let system: System;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'wsc-capacities-'));
  say({});
  system = await System.start({
    ...{ nodes: 2, gateways: 1 },
    command: [process.execPath, fileURLToPath(new URL('support/stating-node.ts', import.meta.url))],
    nodeSettings: { env: { CAPACITIES: join(folder, 'capacities.json') } },
  });
});
afterEach(async () => {
  await system.stop();
  rmSync(folder, { recursive: true });
});

/** What nodes say from now on, by their ids. In one step: they read it at any time. */
function say(capacities: Readonly<Record<string, unknown>>): void {
  writeFileSync(join(folder, 'next.json'), JSON.stringify(capacities));
  renameSync(join(folder, 'next.json'), join(folder, 'capacities.json'));
}
const slotsOf = async (id: string) => (await system.nodes()).find((node) => node.id === id)?.slots;

test('a node that says a capacity gets slots by it; a wrong one is told once and ignored; another one counts after a while', async () => {
  const [first = ''] = (await system.nodes()).map(({ id }) => id);
  expect(await slotsOf(first)).toBe(32_768);
  say({ [first]: 3 });
  await until('it has three quarters of the slots', async () => (await slotsOf(first)) === 49_152);
  await system.settled(2);

  say({ [first]: 'lots' });
  const warnings = () =>
    system.controller.lines.filter(({ event, node }) => event === 'node-capacity-invalid' && node === first);
  await until('the controller warns', () => warnings().length > 0);
  expect(await slotsOf(first)).toBe(49_152);

  say({ [first]: 1 });
  await until('it has half of the slots again', async () => (await slotsOf(first)) === 32_768, 60_000);
  expect(warnings()).toHaveLength(1);
  await system.settled(2);
});
