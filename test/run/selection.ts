import { globSync } from 'node:fs';
import { GROUPS, type Group } from './groups.ts';

/** What a person asked for on the command line. */
export interface Request {
  /** Groups by name; undefined: all. */
  readonly groups: ReadonlySet<string> | undefined;
  /** A file runs if its path has one of these in it; empty: all. */
  readonly filters: readonly string[];
  /** Passed on to vitest. */
  readonly vitestArgs: readonly string[];
  /** Run groups that have passed with the same contents too. */
  readonly unchangedToo: boolean;
}

/** A group with those of its files that are to run. */
export interface Chosen extends Group {
  readonly files: readonly string[];
}

/**
 * `--unit`, `--embedded` and `--group=a,b` choose groups; `--all` runs those too that have passed with the same
 * contents. Other flags go to vitest, as `--name=value`; the rest are filters. Throws an Error for an unknown group.
 */
export function parseRequest(args: readonly string[]): Request {
  const groups: string[] = [];
  const filters: string[] = [];
  const vitestArgs: string[] = [];
  for (const arg of args)
    if (arg === '--unit') groups.push('unit');
    else if (arg === '--embedded') groups.push(...embedded());
    else if (arg.startsWith('--group=')) groups.push(...arg.slice('--group='.length).split(','));
    else if (arg.startsWith('-')) vitestArgs.push(arg);
    else filters.push(arg);
  const unknown = groups.find((name) => !GROUPS.some((group) => group.name === name));
  if (unknown !== undefined)
    throw new Error(`there is no group ${unknown}, but ${GROUPS.map(({ name }) => name).join(', ')}`);
  return {
    groups: groups.length === 0 ? undefined : new Set(groups),
    filters,
    vitestArgs: vitestArgs.filter((arg) => arg !== '--all'),
    // Who names files wants to see them run.
    unchangedToo: vitestArgs.includes('--all') || filters.length > 0,
  };
}

function embedded(): string[] {
  return GROUPS.filter(({ needs }) => needs.every((need) => need === 'programs')).map(({ name }) => name);
}

/** Throws an Error when a test file belongs to no group or to several, or when nothing is left to run. */
export function choose({ groups, filters }: Request, root: string): Chosen[] {
  const files = (patterns: readonly string[]) =>
    globSync([...patterns], { cwd: root, exclude: (path) => path === 'node_modules' }).sort();
  const all = GROUPS.map((group) => ({ ...group, files: files(group.include) }));
  checkThatGroupsDivide(
    files(['*/src/**/*.test.ts', '{chaos,fuzz}/**/*.test.ts', 'test/**/*.test.ts']),
    all.flatMap((group) => group.files),
  );
  const isWanted = (file: string) => filters.length === 0 || filters.some((filter) => file.includes(filter));
  const chosen = all
    .filter(({ name }) => groups?.has(name) ?? true)
    .map((group) => ({ ...group, files: group.files.filter(isWanted) }))
    .filter((group) => group.files.length > 0);
  if (chosen.length === 0) throw new Error(`no test file has ${filters.join(' or ')} in its path`);
  return chosen;
}

function checkThatGroupsDivide(files: readonly string[], grouped: readonly string[]): void {
  const counts = new Map(files.map((file) => [file, 0]));
  for (const file of grouped) counts.set(file, (counts.get(file) ?? 0) + 1);
  const wrong = [...counts].filter(([, count]) => count !== 1);
  if (wrong.length === 0) return;
  const lines = wrong.map(([file, count]) => `${file} is in ${count} groups`);
  throw new Error(`each test file belongs to one group of test/run/groups.ts:\n${lines.join('\n')}`);
}
