import { expect, test } from 'vitest';
import { History, type Reading } from './history.ts';

const reading = (connections: Readonly<Record<string, number>>, movesPerSecond = 0): Reading => ({
  movesPerSecond,
  migrationsPerSecond: 0,
  nodes: Object.entries(connections).map(([id, count], ringId) => ({ id, name: `${id}!`, ringId, connections: count })),
});
const START = 1_800_000_000;

test('after 15 minutes the oldest sample goes for each that comes', () => {
  const history = new History();
  for (let second = 0; second < 3000; second++) history.take(START + second, reading({ a: second }));
  const { samples } = history.view;
  expect(samples).toHaveLength(901);
  expect(samples.at(0)?.at).toBe(START + 2099);
  expect(samples.at(-1)?.connections?.get('a')).toBe(2999);
});

test('it is bounded by time as well, for a page that rarely gets its turn, and by number for one that gets it often', () => {
  const history = new History();
  for (let minute = 0; minute < 60; minute++) history.take(START + 60 * minute, reading({ a: minute }));
  expect(history.view.samples).toHaveLength(16);
  for (let n = 0; n < 3000; n++) history.take(START + 4000 + n / 10, reading({ a: n }));
  expect(history.view.samples).toHaveLength(901);
});

test('at rest the view stays the same object, until 10 s are over', () => {
  const history = new History();
  history.take(START, reading({ a: 1 }));
  const { view } = history;
  for (let second = 1; second < 10; second++) history.take(START + second, reading({ a: 1 }));
  expect(history.view).toBe(view);
  history.take(START + 10, reading({ a: 1 }));
  expect(history.view.samples).toHaveLength(11);
  const rested = history.view;
  history.take(START + 11, reading({ a: 1 }, 0.5));
  expect(history.view).not.toBe(rested);
});

test('while the controller is away there are samples without figures, and what was before stays', () => {
  const history = new History();
  history.take(START, reading({ a: 1 }));
  history.take(START + 1, undefined);
  history.take(START + 2, reading({ a: 2 }));
  expect(history.view.samples.map(({ connections }) => connections?.get('a'))).toEqual([1, undefined, 2]);
  expect(history.view.samples[1]?.movesPerSecond).toBeUndefined();
});

test('a node is named while a sample has it, in the order of ring ids; one that drains keeps its ring id', () => {
  const history = new History();
  const node = (id: string, ringId: number | null, connections: number) => ({ id, name: id, ringId, connections });
  history.take(START, {
    movesPerSecond: 0,
    migrationsPerSecond: 0,
    nodes: [node('b', 1, 3), node('a', 0, 4), node('starting', null, 0)],
  });
  history.take(START + 1, { movesPerSecond: 0, migrationsPerSecond: 0, nodes: [node('b', null, 1), node('a', 0, 6)] });
  expect(history.view.nodes.map(({ id, ringId }) => [id, ringId])).toEqual([
    ['a', 0],
    ['b', 1],
  ]);
  for (let second = 2; second < 903; second++) history.take(START + second, reading({ a: second }));
  expect(history.view.nodes.map(({ id }) => id)).toEqual(['a']);
});

test('a clock that is set back begins a new history', () => {
  const history = new History();
  history.take(START, reading({ a: 1 }));
  history.take(START - 3600, reading({ a: 1 }));
  expect(history.view.samples.map(({ at }) => at)).toEqual([START - 3600]);
});
