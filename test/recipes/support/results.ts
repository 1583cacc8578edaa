import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { root } from '../../e2e/support/run.ts';
import type { Sights, Stack } from './stack.ts';

/** Seconds in which clients were back, as the page says it. */
const WITHIN = [1, 2, 5, 10, 30];

/**
 * Expects that docs/recipes/results.md says what clients of this recipe saw. How long they needed varies, and is not
 * compared. `npm run docs:recipes` sets WSCLUSTER_RECIPES_RESULTS to a folder, into which the row is written instead.
 */
export function expectAsDocumented(stack: Stack, sights: Sights): void {
  const row = rowOf(stack, sights);
  const folder = process.env.WSCLUSTER_RECIPES_RESULTS;
  if (folder !== undefined) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `${stack.name}.md`), `${row}\n`);
    return;
  }
  const rows = readFileSync(join(root, 'docs', 'recipes', 'results.md'), 'utf8').split('\n');
  const documented = rows.find((line) => line.includes(`](${stack.name}/README.md)`)) ?? '';
  expect(withoutTimes(documented), 'docs/recipes/results.md; npm run docs:recipes updates it').toBe(withoutTimes(row));
}

function rowOf(stack: Stack, { add, drain, kill }: Sights): string {
  const page = readFileSync(join(root, 'docs', 'recipes', stack.name, 'README.md'), 'utf8');
  const [, title = stack.name] = /^# (.*)/.exec(page) ?? [];
  const slowestMs = Math.max(add.backAfterMs, drain.backAfterMs, kill.backAfterMs);
  const within = WITHIN.find((seconds) => seconds * 1000 >= slowestMs) ?? Math.ceil(slowestMs / 1000);
  const messages = stack.losesNothing === true ? 'arrive' : 'can get lost';
  const told = [add.told, drain.told, toldOfALostNode(kill.told)].map((words) => words.join(', ') || 'nothing');
  return `| ${[`[${title}](${stack.name}/README.md)`, ...told, `${within} s`, messages].join(' | ')} |`;
}

/** A process that dies slowly, as on a busy machine, counts as living (ADR 20): some or all of its clients get 1006. */
function toldOfALostNode(told: readonly string[]): readonly string[] {
  const closed = told.filter((words) => !words.includes('1006'));
  return closed.length > 0 ? closed : told.map((words) => words.replace('1006', '1012'));
}

function withoutTimes(row: string): string {
  return row.replace(/\| \d+ s \|/, '| |');
}
