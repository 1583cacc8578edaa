import { machine } from './machine.ts';
import { Bed } from './peers/bed.ts';
import { comeback } from './peers/cases/comeback.ts';
import { idle } from './peers/cases/idle.ts';
import { push } from './peers/cases/push.ts';
import { requests } from './peers/cases/requests.ts';
import { sender } from './peers/cases/sender.ts';
import { storm } from './peers/cases/storm.ts';
import { talk } from './peers/cases/talk.ts';
import type { Figure } from './peers/figure.ts';
import { type Programs, provide } from './peers/needs.ts';
import { type Plan, QUICK, WHOLE } from './peers/plan.ts';
import { write } from './peers/report/write.ts';
import { verdicts } from './peers/verdicts.ts';
import type { BenchOptions, BenchResult } from './result.ts';

/** Those of proxies that keep running, and those that start them afresh; `--cases` names them. */
const STANDING = { talk, push, sender, storm, requests };
const AFRESH = { comeback, idle };

/**
 * Our gateway beside nginx, HAProxy, http-proxy-3, httpxy and a relay of `ws`: each on one core, in front of the same
 * node, with the same load, in turns. docs/benchmarks.md says how to read it.
 */
export async function run({ quick, cases }: BenchOptions): Promise<BenchResult[]> {
  const programs = await provide();
  const began = performance.now();
  const figures = await measureAll(programs, quick ? QUICK : WHOLE, cases);
  const seconds = Math.round((performance.now() - began) / 1000);
  const reached = verdicts(figures);
  const measured = `Measured on ${new Date().toISOString().slice(0, 10)} in ${seconds} s: ${machine()}`;
  const forDocs = !quick && cases === undefined;
  const folder = write({ machine: measured, seconds, figures, verdicts: reached }, forDocs);
  process.stderr.write(`  ${seconds} s; the figures are in ${folder}\n`);
  return reached;
}

async function measureAll(programs: Programs, plan: Plan, wanted: BenchOptions['cases']): Promise<Figure[]> {
  const chosen = <Case>(cases: Readonly<Record<string, Case>>): Case[] =>
    Object.entries(cases).flatMap(([name, measure]) => (wanted?.includes(name) === false ? [] : [measure]));
  const figures: Figure[] = [];
  const standing = chosen(STANDING);
  if (standing.length > 0) {
    const bed = await Bed.start(programs);
    try {
      for (const measure of standing) figures.push(...(await measure(bed, plan)));
    } finally {
      await bed.stop();
    }
  }
  for (const measure of chosen(AFRESH)) figures.push(...(await measure(programs, plan)));
  return figures;
}
