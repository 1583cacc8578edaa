import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DOCS, replacePart } from '../../report/document.ts';
import type { BenchResult } from '../../result.ts';
import type { Figure } from '../figure.ts';
import { markdown } from './markdown.ts';
import { picture } from './picture.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const PICTURE = '![CPU, times and memory of all proxies](benchmarks/peers.svg)';

export interface Run {
  /** When and on what. */
  readonly machine: string;
  readonly seconds: number;
  readonly figures: readonly Figure[];
  readonly verdicts: readonly BenchResult[];
}

/**
 * Writes peers.json, peers.svg and peers.md. A whole run is for the docs: it also replaces the table in
 * docs/benchmarks.md. Returns the folder.
 */
export function write(run: Run, forDocs: boolean): string {
  const folder = forDocs ? join(DOCS, 'benchmarks') : join(root, 'node_modules', '.cache', 'bench-peers');
  const table = markdown(run.machine, run.figures, run.verdicts);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'peers.json'), `${JSON.stringify(run, rounded, 1)}\n`);
  writeFileSync(join(folder, 'peers.svg'), picture(run.figures));
  if (forDocs) replacePart('benchmarks.md', 'peers', `${PICTURE}\n\n${table}`);
  else writeFileSync(join(folder, 'peers.md'), `${table}\n`);
  return folder;
}

function rounded(_name: string, value: unknown): unknown {
  return typeof value === 'number' ? Number(value.toPrecision(5)) : value;
}
