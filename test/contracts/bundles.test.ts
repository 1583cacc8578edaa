import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

// Where a program is named by its TypeScript, a test run starts its bundle, as images do.

function run(program: string, ...args: readonly string[]) {
  const main = fileURLToPath(new URL(`../../${program}/src/main.ts`, import.meta.url));
  return (...flags: readonly string[]) => spawnSync(process.execPath, [...flags, main, ...args], { encoding: 'utf8' });
}

test.each(['cli', 'controller', 'gateway', 'ws-node'])('what %s starts with loads no undici', (program) => {
  const atExit = "process.on('exit', () => console.error(process.moduleLoadList.join('\\n')))";
  const { stderr, status } = run(program, '--help')('--import', `data:text/javascript,${encodeURIComponent(atExit)}`);
  expect(status).toBe(0);
  expect(stderr).toContain('NativeModule http');
  expect(stderr).not.toContain('undici');
});

test('with source maps a stack trace names the lines of the TypeScript', () => {
  const refused = run('controller', '--nope');
  expect(refused().stdout).toMatch(/at runProcess \([^)]*\.mjs:\d/);
  expect(refused('--enable-source-maps').stdout).toMatch(/at runProcess \([^)]*service\/src\/lifecycle\.ts:\d/);
});
