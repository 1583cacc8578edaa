import { expect, test } from 'vitest';
import { Talk, type Visit } from './talk.ts';

/** Answers in the order `number count visit came`, or `visit came` alone; the faults of each. */
const faultsOf = (answers: readonly string[], plain = false) => {
  const talk = new Talk(plain);
  return answers.map((text) => {
    const [came, visit = '', count, number] = text.split(' ').reverse();
    const said = { visit, node: visit, came } satisfies { [field in keyof Visit]: unknown };
    const answer = { number: Number(number), count: Number(count) };
    return talk.take(JSON.stringify(number === undefined ? said : { ...said, ...answer })).fault;
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

test.each([false, true])(
  'a client that is redialled, and migrated before it is answered, may miss numbers as well; nothing else is forgiven (plain: %s)',
  (plain) => {
    const faults = (...answers: string[]) => faultsOf(['0 0 a new', 'b lost', ...answers], plain).slice(2);
    expect(faults('3 0 c moved', '4 1 c moved')).toEqual([undefined, undefined]);
    expect(faults('3 0 c moved', '5 1 c moved')[1]).toMatch('got 5, expected 4');
    expect(faults('0 0 c moved')[0]).toMatch('got 0, expected 1');
    expect(faults('3 1 c moved')[0]).toMatch('the node counts 1, not 0');
    expect(faults('3 0 b lost', '5 1 b lost')[1]).toMatch('got 5, expected 4');
  },
);

test('a connection that goes on is not taken for a new one', () => {
  expect(faultsOf(['0 0 a new', '1 1 b new'])[1]).toMatch('taken for a new connection');
});
