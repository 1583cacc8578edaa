import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { processIdentity } from './process-identity.ts';
import { acquireStateLock, type StateLock } from './state-lock.ts';

// Each starts up to four processes.
vi.setConfig({ testTimeout: 60_000 });

let folder: string;
let path: string;
let children: ChildProcess[];
let locks: StateLock[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'state-lock-'));
  path = join(folder, 'state', 'launcher');
  children = [];
  locks = [];
});
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  for (const lock of locks) lock.release();
  rmSync(folder, { recursive: true });
});

async function acquire(): Promise<StateLock> {
  const lock = await acquireStateLock({ path, what: 'the state folder' });
  locks.push(lock);
  return lock;
}

/** A process that tries for the lock as soon as `go` is there, prints what came of it, and keeps what it got. */
function contender(go?: string): { child: ChildProcess; said: Promise<string> } {
  const here = JSON.stringify(new URL('state-lock.ts', import.meta.url).href);
  const code = `import { existsSync } from 'node:fs';
    import { acquireStateLock } from ${here};
    while (${go !== undefined} && !existsSync(${JSON.stringify(go)})) await new Promise((resolve) => setTimeout(resolve, 1));
    const said = await acquireStateLock({ path: ${JSON.stringify(path)}, what: 'the state folder' })
      .then(() => 'acquired', (error) => error.code + ': ' + error.message);
    console.log(said);
    setInterval(() => {}, 1e6);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  return { child, said: once(child.stdout, 'data').then(([chunk]) => String(chunk).trim()) };
}

async function kill(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}

const inUseBy = (pid: number | undefined) =>
  `STATE_IN_USE: the state folder is in use by process ${pid}: stop that first, or choose another folder with --state-dir`;

test('while one process has it, another is refused and told its pid', async () => {
  await acquire();
  expect(await contender().said).toBe(inUseBy(process.pid));
  await expect(acquire()).rejects.toMatchObject({ code: 'STATE_IN_USE', field: 'stateDir' });
});

test('once released, another has it, and learns whose it was', async () => {
  const first = await acquire();
  expect(first.previous).toBeUndefined();
  first.release();
  first.release();
  const second = await acquire();
  first.release();
  expect(second.previous).toMatchObject({ pid: process.pid, released: true });
  expect(await contender().said).toBe(inUseBy(process.pid));
});

test('a holder that is killed frees it, and the next one learns whose it was', async () => {
  const { child, said } = contender();
  expect(await said).toBe('acquired');
  const identity = processIdentity(child.pid ?? 0);
  await expect(acquire()).rejects.toMatchObject({ message: expect.stringContaining(`process ${child.pid}:`) });
  await kill(child);
  expect((await acquire()).previous).toEqual({ pid: child.pid, identity });
});

test('a record that names a process of today is no lock, whether it is that process or has only its pid', async () => {
  const { child, said } = contender();
  await said;
  await kill(child);
  for (const identity of ['start-1', processIdentity(process.pid)]) {
    writeFileSync(`${path}.json`, JSON.stringify({ pid: process.pid, identity }));
    (await acquire()).release();
  }
});

test('who is refused right after a crash is told the pid of the living holder, not of the dead one', async () => {
  const dead = contender();
  await dead.said;
  await kill(dead.child);
  const record = readFileSync(`${path}.json`, 'utf8');
  const holder = contender();
  expect(await holder.said).toBe('acquired');
  const own = readFileSync(`${path}.json`, 'utf8');
  // As it is in the moment between the lock and the record.
  writeFileSync(`${path}.json`, record);
  const refused = acquire();
  writeFileSync(`${path}.json`, own);
  await expect(refused).rejects.toMatchObject({ message: expect.stringContaining(`process ${holder.child.pid}:`) });
});

test('of many that start at the same instant one has it, and all others name that one', async () => {
  const go = join(folder, 'go');
  const contenders = Array.from({ length: 4 }, () => contender(go));
  writeFileSync(go, '');
  const said = await Promise.all(contenders.map((one) => one.said));
  const winner = contenders[said.indexOf('acquired')]?.child.pid;
  expect(said.filter((text) => text !== 'acquired')).toEqual(Array(3).fill(inUseBy(winner)));
  expect(readdirSync(join(folder, 'state')).sort()).toEqual(['launcher.json', 'launcher.lock']);
});

test('a folder that cannot be written is CONFIG_INVALID, and says why and what to do', async () => {
  path = '/sys/wscluster/launcher';
  await expect(acquire()).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringMatching(/^the state folder cannot be written: .*; choose another folder with --state-dir$/),
  });
  path = join(folder, 'file', 'launcher');
  writeFileSync(join(folder, 'file'), '');
  await expect(acquire()).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  expect(existsSync('/sys/wscluster')).toBe(false);
});
