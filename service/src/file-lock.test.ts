import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { withFileLock } from './file-lock.ts';

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lock-'));
  path = join(folder, 'lock');
});

afterEach(() => rm(folder, { recursive: true }));

test('work under one lock never overlaps', async () => {
  let inside = 0;
  let most = 0;
  const work = async () => {
    most = Math.max(most, ++inside);
    await new Promise((resolve) => setTimeout(resolve, 2));
    inside--;
  };
  await Promise.all(Array.from({ length: 20 }, () => withFileLock(path, 30_000, work)));
  expect(most).toBe(1);
});

test('who waits too long is told which lock', async () => {
  await withFileLock(path, 100, async () => {
    await expect(withFileLock(path, 50, async () => {})).rejects.toThrow(path);
  });
});

test('work that fails frees the lock', async () => {
  await expect(withFileLock(path, 100, () => Promise.reject(new Error('work failed')))).rejects.toThrow('work failed');
  expect(await withFileLock(path, 100, async () => 'next')).toBe('next');
});

test('a holder that is killed frees the lock', async () => {
  const code = `import { withFileLock } from ${JSON.stringify(new URL('file-lock.ts', import.meta.url).href)};
    await withFileLock(${JSON.stringify(path)}, 100, () => new Promise(() => { console.log('held'); setInterval(() => {}, 1e3); }));`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  await expect(withFileLock(path, 20, async () => {})).rejects.toThrow(path);
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(await withFileLock(path, 1_000, async () => 'mine')).toBe('mine');
});

test('the lock is an empty file, and nothing beside it', async () => {
  await withFileLock(path, 100, async () => expect(await readdir(folder)).toEqual(['lock']));
  expect((await stat(path)).size).toBe(0);
});
