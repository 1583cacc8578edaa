import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';

const main = new URL('main.ts', import.meta.url).pathname;

test('the process announces its port, drains at SIGTERM and exits with 0', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ws-node-'));
  const portFile = join(folder, 'port');
  const flags = ['--listen', '127.0.0.1:0', '--port-file', portFile, '--linger-seconds', '0.2'];
  const child = spawn(process.execPath, [main, ...flags], { stdio: 'ignore' });
  const exited = once(child, 'exit');
  try {
    const address = await vi.waitFor(async () => (await readFile(portFile, 'utf8')).trim(), { timeout: 30_000 });
    const client = new WebSocket(`ws://${address}/alice`);
    await once(client, 'message');

    child.kill('SIGTERM');
    await vi.waitFor(async () => expect((await fetch(`http://${address}/readyz`)).status).toBe(503), 30_000);
    client.close();
    expect(await exited).toEqual([0, null]);
  } finally {
    child.kill('SIGKILL');
    await rm(folder, { recursive: true });
  }
});

test('an unusable option ends the process with 2 and names the option', async () => {
  const child = spawn(process.execPath, [main, '--listen', 'nowhere'], { stdio: ['ignore', 'pipe', 'ignore'] });
  const exited = once(child, 'exit');
  const output: Buffer[] = [];
  for await (const chunk of child.stdout) output.push(chunk);
  expect(await exited).toEqual([2, null]);
  expect(Buffer.concat(output).toString()).toContain('--listen');
});
