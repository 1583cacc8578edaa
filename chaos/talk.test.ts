import { expect, test } from 'vitest';
import { type Answer, Talk } from './talk.ts';

/** Answers in the order `number count visit came`; the faults of each. */
const faultsOf = (answers: readonly string[], plain = false) => {
  const talk = new Talk(plain);
  return answers.map((text) => {
    const [number, count, visit = '', came] = text.split(' ');
    const answer = { number: Number(number), count: Number(count), visit, node: visit, came };
    return talk.take(JSON.stringify(answer satisfies { [field in keyof Answer]: unknown })).fault;
  });
};

test('numbers and counts go on where a connection goes', () => {
  expect(faultsOf(['0 0 a new', '1 1 a new', '2 2 b moved'])).toEqual([undefined, undefined, undefined]);
  expect(faultsOf(['0 0 a new', '1 0 b moved'])).toEqual([undefined, 'the node counts 0, not 1 (moved at b)']);
});

test('a number that is lost, doubled or out of order is a fault, also across a move', () => {
  expect(faultsOf(['0 0 a new', '2 1 a new'])[1]).toMatch('got 2, expected 1');
  expect(faultsOf(['0 0 a new', '0 1 a new'])[1]).toMatch('got 0, expected 1');
  expect(faultsOf(['0 0 a new', '2 1 b moved'])[1]).toMatch('got 2, expected 1');
  expect(faultsOf(['0 0 a new', '0 1 b moved'])[1]).toMatch('got 0, expected 1');
});

test('a node that knows nothing of migrations counts anew', () => {
  expect(faultsOf(['0 0 a new', '1 0 b moved', '2 1 b moved'], true)).toEqual([undefined, undefined, undefined]);
});

test('a node that was lost may leave numbers unanswered, and its successor counts anew; nothing is doubled', () => {
  expect(faultsOf(['0 0 a new', '3 0 b lost', '4 1 b lost'])).toEqual([undefined, undefined, undefined]);
  expect(faultsOf(['0 0 a new', '3 0 b lost', '5 1 b lost'])[2]).toMatch('got 5, expected 4');
  expect(faultsOf(['0 0 a new', '0 0 b lost'])[1]).toMatch('got 0, expected 1');
});

test('a connection that goes on is not taken for a new one', () => {
  expect(faultsOf(['0 0 a new', '1 1 b new'])[1]).toMatch('taken for a new connection');
});
