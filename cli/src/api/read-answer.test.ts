import { expect, test } from 'vitest';
import { readAnswer } from './read-answer.ts';

const revision = { epoch: 1, version: 2 };
const owner = {
  ringId: 0,
  nodeId: 'a',
  address: 'h:1',
  state: 'ready',
  slot: 7,
  connections: 0,
  revision,
  key: 'alice',
};

test('an answer as the document has it is read', () => {
  expect(readAnswer('Owner', owner)).toEqual(owner);
});

test('fields and words of a later version are let through', () => {
  const later = { ...owner, state: 'resting', colour: 'red', revision: { ...revision, branch: 'b' } };
  expect(readAnswer('Owner', later)).toEqual(later);
});

test.each([
  [{ ...owner, nodeId: undefined }, 'nodeId'],
  [{ ...owner, slot: '7' }, 'slot'],
  [{ ...owner, revision: { epoch: 1 } }, 'revision.version'],
  [{ ...owner, revision: null }, 'revision'],
  ['owner', '(all)'],
  [null, '(all)'],
])('%j is refused, naming the field', (answer, field) => {
  expect(() => readAnswer('Owner', answer)).toThrow(
    expect.objectContaining({
      code: 'MESSAGE_INVALID',
      message: expect.stringContaining(`the API's answer, field ${field}: `),
    }),
  );
});

test('what is within a list is checked, and what may be missing may be', () => {
  const ring = {
    ...{ revision, movableUpTo: revision, digest: 'd', members: [], vacancies: [] },
    remaining: {
      lost: { slots: 0, connections: 0 },
      drain: { slots: 0, connections: 0 },
      balance: { slots: 0, connections: 0 },
    },
  };
  expect(readAnswer('Ring', ring).table).toBeUndefined();
  expect(readAnswer('Ring', { ...ring, table: [0, 65_535] }).table).toEqual([0, 65_535]);
  expect(() => readAnswer('Ring', { ...ring, table: [0, 'nobody'] })).toThrow('field table.1: ');
  expect(() => readAnswer('Ring', { ...ring, members: [{ ringId: 0 }] })).toThrow('field members.0.nodeId: ');
});
