import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { mkdir, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { replaceFile } from './replace-file.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'replace-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

test('a file is written whole, with its folder, and replaced whole', async () => {
  const path = join(directory, 'below', 'a.json');
  await replaceFile(path, 'x'.repeat(100_000));
  await replaceFile(path, 'short');
  expect(readFileSync(path, 'utf8')).toBe('short');
  expect(readdirSync(join(directory, 'below'))).toEqual(['a.json']);
});

test('what cannot be written leaves the old text and nothing else, and is written once it can be', async () => {
  const path = join(directory, 'a.json');
  await replaceFile(path, 'old');
  await mkdir(`${path}.tmp`);
  await expect(replaceFile(path, 'new')).rejects.toThrow('EISDIR');
  expect(readFileSync(path, 'utf8')).toBe('old');
  await rmdir(`${path}.tmp`);
  await replaceFile(path, 'new');
  expect(readdirSync(directory)).toEqual(['a.json']);
});
