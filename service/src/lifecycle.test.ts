import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, expect, test, vi } from 'vitest';
import { READY_MESSAGE } from './lifecycle.ts';

const children = new Set<ChildProcess>();

afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  children.clear();
});

/** A process that runs this as the body of `start`, and prints `started` before it. */
function run(start: string, channel: 'ignore' | 'ipc' = 'ignore') {
  const here = (file: string) => JSON.stringify(new URL(file, import.meta.url).href);
  const code = `import { runProcess } from ${here('lifecycle.ts')};
    import { createLogger } from ${here('log.ts')};
    import { WsClusterError } from '@wscluster/ring';
    setInterval(() => {}, 1e6);
    await runProcess(createLogger('test'), async (signal) => { console.log('started'); ${start} });`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
    stdio: ['ignore', 'pipe', 'pipe', channel],
  });
  children.add(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => {
      output += String(chunk);
    });
  const exited = once(child, 'close');
  const says = (text: string) => vi.waitFor(() => expect(output).toContain(text), { timeout: 30_000, interval: 10 });
  return { child, exited, says, output: () => output };
}

test.each(['SIGTERM', 'SIGINT'] as const)('%s stops it in order, and it exits with 0', async (signal) => {
  const { child, exited, says, output } = run("return { stop: async () => console.log('stopped in order') }");
  await says('started');
  child.kill(signal);
  expect(await exited).toEqual([0, null]);
  expect(output()).toContain('stopped in order');
});

test('SIGHUP reloads a process that can, and it goes on', async () => {
  const { child, exited, says } = run(
    "setImmediate(() => console.log('runs')); return { reload: () => console.log('reloaded'), stop: async () => {} }",
  );
  await says('runs');
  child.kill('SIGHUP');
  await says('reloaded');
  child.kill('SIGTERM');
  expect(await exited).toEqual([0, null]);
});

test.each([
  ["setImmediate(() => { throw new Error('odd'); })", 'uncaught-exception odd'],
  ["setImmediate(() => Promise.reject(new Error('odd')))", 'unhandled-rejection odd'],
])('%s is survived by a process that can', async (bug, text) => {
  const { child, exited, says } = run(
    `${bug}; return { survive: (event, error) => console.log(event, error.message), stop: async () => {} }`,
  );
  await says(text);
  child.kill('SIGTERM');
  expect(await exited).toEqual([0, null]);
});

test('one Ctrl-C that arrives several times does not cut the stop short', async () => {
  const slow =
    "return { stop: () => new Promise((resolve) => setTimeout(resolve, 300)).then(() => console.log('all')) }";
  const { child, exited, says, output } = run(slow);
  await says('started');
  child.kill('SIGINT');
  await says('"event":"stopping"');
  child.kill('SIGINT');
  child.kill('SIGTERM');
  expect(await exited).toEqual([0, null]);
  expect(output()).toContain('all');
});

test('a second signal later on ends it at once', async () => {
  const { child, exited, says } = run('return { stop: () => new Promise(() => {}) }');
  await says('started');
  child.kill('SIGTERM');
  await says('"event":"stopping"');
  const again = setInterval(() => child.kill('SIGTERM'), 100);
  expect(await exited).toEqual([1, null]);
  clearInterval(again);
});

test.each([
  ['an unusable configuration', "throw new WsClusterError('CONFIG_INVALID', 'bad port')", 2, 'bad port'],
  ['a taken port', "throw new WsClusterError('PORT_TAKEN', 'taken')", 2, 'taken'],
  ['another failure at the start', "throw new Error('odd')", 1, 'odd'],
  ['an unhandled rejection', "Promise.reject(new Error('lost')); return new Promise(() => {})", 1, 'lost'],
  ['an uncaught error', "setTimeout(() => { throw new Error('thrown') }); return new Promise(() => {})", 1, 'thrown'],
])('%s ends it with a line that says what to do', async (_what, start, code, message) => {
  const { exited, output } = run(start);
  expect(await exited).toEqual([code, null]);
  const fatal = output()
    .split('\n')
    .find((line) => line.includes('"level":"fatal"'));
  expect(JSON.parse(fatal ?? '{}')).toMatchObject({ action: expect.stringMatching(/./), msg: message });
});

test('its launcher is told when it has started, not before', async () => {
  const { child, says } = run("process.send('starting'); return { stop: async () => {} }", 'ipc');
  const messages: unknown[] = [];
  child.on('message', (message) => messages.push(message));
  await vi.waitFor(() => expect(messages).toEqual(['starting', READY_MESSAGE]), { timeout: 30_000, interval: 10 });
  const exit = once(child, 'exit');
  child.disconnect();
  await says('launcher-gone');
  expect(await exit).toEqual([0, null]);
});
