import { closeSync, existsSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createLogger } from './log.ts';
import { standardOutput } from './standard-output.ts';

test('lines are written at once', () => {
  const path = join(tmpdir(), `standard-output-${process.pid}`);
  const fd = openSync(path, 'w');
  try {
    standardOutput(fd).write('one\n');
    standardOutput(fd).write('zwei äöü\n');
    expect(readFileSync(path, 'utf8')).toBe('one\nzwei äöü\n');
  } finally {
    closeSync(fd);
    rmSync(path);
  }
});

test.runIf(existsSync('/dev/full'))('a full disk loses lines, and ends nobody', () => {
  const fd = openSync('/dev/full', 'w');
  const log = createLogger('test', {}, standardOutput(fd));
  for (let n = 0; n < 100; n++) log.info({ event: 'tick' }, 'x'.repeat(1000));
  closeSync(fd);
  log.info({ event: 'tick' }, 'to a closed one');
});
