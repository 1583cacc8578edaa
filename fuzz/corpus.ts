import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Case } from './case.ts';

const FOLDER = fileURLToPath(new URL('./corpus', import.meta.url));

/** The cases that have failed once; each run plays them first. */
export function readCorpus(): Case[] {
  const files = readdirSync(FOLDER).filter((name) => name.endsWith('.json'));
  return files.sort().map((name) => JSON.parse(readFileSync(join(FOLDER, name), 'utf8')) as Case);
}

/** Keeps a case; returns its file. */
export function keepCase(failed: Case): string {
  mkdirSync(FOLDER, { recursive: true });
  const text = `${JSON.stringify(failed, undefined, 2)}\n`;
  const file = join(FOLDER, `${createHash('sha256').update(text).digest('hex').slice(0, 12)}.json`);
  writeFileSync(file, text);
  return file;
}
