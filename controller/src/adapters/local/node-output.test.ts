import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { NodeOutput } from './node-output.ts';

const folder = mkdtempSync(join(tmpdir(), 'wsc-output-'));
const file = join(folder, 'node.log');
let output: NodeOutput | undefined;

afterEach(() => {
  output?.stop();
  rmSync(folder, { recursive: true });
});

test('a line is told soon after the node has written it, without looking at the file all the time', async () => {
  writeFileSync(file, 'before\n');
  const told = Promise.withResolvers<string>();
  const sink = { line: (text: string) => told.resolve(text), leftOut() {} };
  output = new NodeOutput(file, 'end', sink, { lookMs: 3_600_000 });
  output.start();
  appendFileSync(file, 'hello\n');
  expect(await told.promise).toBe('hello');
});
