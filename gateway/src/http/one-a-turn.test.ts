import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { OneATurn } from './one-a-turn.ts';

it('the first task begins at once, and the others one a turn, in their order', async () => {
  const begun: number[] = [];
  const turns = new OneATurn();
  for (let i = 0; i < 4; i++) turns.add(() => void begun.push(i));
  for (let count = 1; count <= 4; count++) {
    expect(begun).toEqual([0, 1, 2, 3].slice(0, count));
    await nextTurn();
  }
  turns.add(() => void begun.push(4));
  turns.add(() => void begun.push(5));
  expect(begun).toEqual([0, 1, 2, 3, 4]);
});

it('a task that another one adds waits for its turn', async () => {
  const begun: string[] = [];
  const turns = new OneATurn();
  turns.add(() => {
    turns.add(() => void begun.push('added'));
    begun.push('first');
  });
  expect(begun).toEqual(['first']);
  await nextTurn();
  expect(begun).toEqual(['first', 'added']);
});
