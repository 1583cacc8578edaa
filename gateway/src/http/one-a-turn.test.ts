import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { OneATurn } from './one-a-turn.ts';

function begins(turns: OneATurn, act: () => void): void {
  if (turns.take()) act();
  else turns.wait({ begin: act });
}

it('the first has its turn at once, and the others one each, in their order', async () => {
  const begun: number[] = [];
  const turns = new OneATurn();
  for (let i = 0; i < 4; i++) begins(turns, () => void begun.push(i));
  for (let count = 1; count <= 4; count++) {
    expect(begun).toEqual([0, 1, 2, 3].slice(0, count));
    await nextTurn();
  }
  begins(turns, () => void begun.push(4));
  begins(turns, () => void begun.push(5));
  expect(begun).toEqual([0, 1, 2, 3, 4]);
});

it('who comes while another one has its turn waits for the next', async () => {
  const begun: string[] = [];
  const turns = new OneATurn();
  begins(turns, () => {
    begins(turns, () => void begun.push('later'));
    begun.push('first');
  });
  expect(begun).toEqual(['first']);
  await nextTurn();
  expect(begun).toEqual(['first', 'later']);
});
