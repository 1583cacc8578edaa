/**
 * Measures all, or the cases that are asked for: `node measure-role.ts REQUEST`, as isolated.ts starts it. Progress
 * goes to stderr, the outcome to stdout as JSON.
 */
import { Bed } from './bed.ts';
import { churn } from './cases/churn.ts';
import { comeback } from './cases/comeback.ts';
import { idle } from './cases/idle.ts';
import { move } from './cases/move.ts';
import { push } from './cases/push.ts';
import { requests } from './cases/requests.ts';
import { sender } from './cases/sender.ts';
import { storm } from './cases/storm.ts';
import { talk } from './cases/talk.ts';
import type { Figure } from './figure.ts';
import type { Outcome, Request } from './isolated.ts';
import { QUICK, WHOLE } from './plan.ts';

/** Those of proxies that keep running, and those that start them afresh. */
const STANDING = { talk, push, sender, storm, requests };
const AFRESH = { comeback, move, idle };
/** Takes minutes by itself, so only where it is asked for. */
const ASKED = { churn };

const { programs, quick, cases } = JSON.parse(process.argv[2] ?? '') as Request;
const plan = quick ? QUICK : WHOLE;
const figures: Figure[] = [];
const failures: string[] = [];

const wanted = <Case>(all: Readonly<Record<string, Case>>): [string, Case][] =>
  Object.entries(all).filter(([name]) => cases?.includes(name) !== false);

/** A case that fails does not keep the others from being measured. */
async function attempt(name: string, measure: () => Promise<Figure[]>): Promise<void> {
  try {
    figures.push(...(await measure()));
  } catch (error) {
    failures.push(`${name}: ${(error as Error).message}`);
    process.stderr.write(`  ${name} failed: ${(error as Error).message}\n`);
  }
}

const standing = wanted(STANDING);
if (standing.length > 0) {
  const bed = await Bed.start(programs);
  try {
    for (const [name, measure] of standing) {
      await bed.clear();
      await attempt(name, () => measure(bed, plan));
    }
  } finally {
    await bed.stop();
  }
}
const asked = cases === undefined ? [] : wanted(ASKED);
for (const [name, measure] of [...wanted(AFRESH), ...asked]) await attempt(name, () => measure(programs, plan));
process.stdout.write(JSON.stringify({ figures, failures } satisfies Outcome));
