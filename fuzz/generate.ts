import { seededRandom } from '../chaos/random.ts';
import { type Case, Dice } from './case.ts';
import { ANSWERS } from './kinds/answers.ts';
import { BODIES } from './kinds/bodies.ts';
import { FRAMES } from './kinds/frames.ts';
import { HEADS } from './kinds/heads.ts';
import { MOVES } from './kinds/moves.ts';

const KINDS = Object.entries({ head: HEADS, body: BODIES, answer: ANSWERS, frame: FRAMES, move: MOVES }).flatMap(
  ([side, kinds]) => Object.entries(kinds).map(([what, kind]) => ({ name: `${side}/${what}`, kind })),
);

/** The cases of a run, the same for the same seed; each kind comes in turn. */
export function* generateCases(seed: number, count: number): Generator<Case> {
  const dice = new Dice(seededRandom(seed));
  for (let i = 0; i < count; i++) {
    const { name, kind } = KINDS[i % KINDS.length] as (typeof KINDS)[number];
    const patience = dice.chance(0.99) ? 'none' : dice.of('patient', 'blind');
    yield { kind: name, ...kind(dice), patience, wanders: !name.startsWith('move/') && dice.chance(0.25) };
  }
}
