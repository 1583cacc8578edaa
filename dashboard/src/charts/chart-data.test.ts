import { expect, test } from 'vitest';
import { connectionLines, figuresAt, most, moveLines, nearest, windowOf } from './chart-data.ts';
import { History } from './history.ts';

test('a line for each node, with gaps where it was not there and where nothing is known', () => {
  const history = new History();
  const node = (id: string, ringId: number, connections: number) => ({ id, name: `${id}!`, ringId, connections });
  history.take(100, { nodes: [node('a', 1, 5)], movesPerSecond: 0, migrationsPerSecond: 0 });
  history.take(101, undefined);
  history.take(102, { nodes: [node('a', 1, 3), node('b', 0, 2)], movesPerSecond: 2, migrationsPerSecond: 1 });
  expect(connectionLines(history.view).map(({ name, values }) => [name, values])).toEqual([
    ['b!', [null, null, 2]],
    ['a!', [5, null, 3]],
  ]);
  expect(moveLines(history.view).map(({ id, values }) => [id, values])).toEqual([
    ['moves', [0, null, 2]],
    ['migrations', [0, null, 1]],
  ]);
});

test('a chart shows a minute, five, or fifteen', () => {
  expect(windowOf([])).toEqual([-60, 0]);
  expect(windowOf([1000])).toEqual([940, 1000]);
  expect(windowOf([1000, 1060])).toEqual([1000, 1060]);
  expect(windowOf([1000, 1061])).toEqual([761, 1061]);
  expect(windowOf([1000, 1899])).toEqual([999, 1899]);
});

test('the sample nearest to a time', () => {
  expect(nearest([], 5)).toBe(0);
  const times = [10, 20, 30];
  expect([0, 14, 16, 25, 31].map((at) => nearest(times, at))).toEqual([0, 0, 1, 2, 2]);
});

test('the figures of a moment are those of the lines that have one; the largest keep their order', () => {
  const line = (id: string, ...values: (number | null)[]) => ({ id, name: id, colour: undefined, values });
  const lines = [line('a', 1, 3), line('b', null, 9), line('c', 5, null), line('d', 2, 4)];
  const ids = (index: number) => figuresAt(lines, index).map(({ id, value }) => `${id} ${value}`);
  expect(ids(0)).toEqual(['a 1', 'c 5', 'd 2']);
  expect(ids(2)).toEqual([]);
  expect(most(figuresAt(lines, 1), 2).map(({ id }) => id)).toEqual(['b', 'd']);
});
