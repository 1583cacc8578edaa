import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { replaceFile } from './replace-file.ts';
import { SeenFile } from './seen-file.ts';

let directory: string;
let path: string;
let parsed: string[];
let file: SeenFile<unknown>;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'seen-'));
  path = join(directory, 'a.json');
  parsed = [];
  file = new SeenFile(path, (text) => {
    parsed.push(text);
    return JSON.parse(text);
  });
});
afterEach(() => rmSync(directory, { recursive: true }));

test('a file is read again once it is replaced, written over, removed and back', async () => {
  expect(await file.read()).toBeUndefined();
  await replaceFile(path, '[1]');
  expect(await file.read()).toEqual([1]);
  expect(await file.read()).toEqual([1]);
  await replaceFile(path, '[2]');
  expect(await file.read()).toEqual([2]);
  writeFileSync(path, '[2, 3]');
  expect(await file.read()).toEqual([2, 3]);
  rmSync(path);
  expect(await file.read()).toBeUndefined();
  await replaceFile(path, '[2, 3]');
  expect(await file.read()).toEqual([2, 3]);
  expect(parsed).toEqual(['[1]', '[2]', '[2, 3]', '[2, 3]']);
});

test('a file that cannot be used is refused at each look, until it can', async () => {
  await replaceFile(path, '[1]');
  await file.read();
  writeFileSync(path, '[1');
  await expect(file.read()).rejects.toThrow('JSON');
  await expect(file.read()).rejects.toThrow('JSON');
  await replaceFile(path, '[1]');
  expect(await file.read()).toEqual([1]);
});
