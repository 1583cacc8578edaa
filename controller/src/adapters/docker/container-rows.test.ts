import { expect, test } from 'vitest';
import { ContainerRows, leavesRows } from './container-rows.ts';
import type { ContainerRow } from './engine.ts';
import { EVENT_FILTERS } from './event.ts';
import { LABELS } from './labels.ts';

const SELECTOR = { [LABELS.cluster]: 'chat' };

function counting(onList: () => void = () => {}) {
  let lists = 0;
  let now = 0;
  const rows = new ContainerRows(
    'chat',
    async (labels) => {
      lists++;
      onList();
      return [
        { Id: 'c1', State: 'running', Labels: labels },
        { Id: 'c2', State: 'exited', Labels: labels },
      ] as unknown as ContainerRow[];
    },
    () => now,
  );
  return {
    rows,
    lists: () => lists,
    pass: (ms: number) => {
      now += ms;
    },
  };
}

test('are used again once after an event that changes none of them, within 5 s', async () => {
  const { rows, lists, pass } = counting();
  await rows.read(SELECTOR);
  rows.useAgain('c1');
  expect((await rows.read(SELECTOR)).map(({ Id }) => Id)).toEqual(['c1', 'c2']);
  expect(lists()).toBe(1);
  await rows.read(SELECTOR);
  expect(lists()).toBe(2);
  pass(5_000);
  rows.useAgain('c1');
  await rows.read(SELECTOR);
  expect(lists()).toBe(3);
});

test('are not used again after a change, nor for another selector', async () => {
  const { rows, lists } = counting();
  await rows.read(SELECTOR);
  rows.forget();
  rows.useAgain('c1');
  await rows.read(SELECTOR);
  expect(lists()).toBe(2);
  rows.useAgain('c1');
  // Managed containers are listed too, since this selector matches none of them.
  await rows.read({ ...SELECTOR, tier: 'web' });
  expect(lists()).toBe(4);
});

test('that a change overtook while they were read are not kept', async () => {
  let first = true;
  const { rows, lists } = counting(() => {
    if (first) rows.forget();
    first = false;
  });
  for (let n = 0; n < 3; n++) {
    await rows.read(SELECTOR);
    rows.useAgain('c1');
  }
  expect(lists()).toBe(2);
});

test.each(['c2', 'c3'])(
  'are not used again after an event of %s, which was not there or had ended',
  async (container) => {
    const { rows, lists } = counting();
    await rows.read(SELECTOR);
    rows.useAgain(container);
    await rows.read(SELECTOR);
    expect(lists()).toBe(2);
  },
);

test('serve after events that leave a container running, and after no others', () => {
  expect(EVENT_FILTERS.event.filter(leavesRows)).toEqual(['pause', 'unpause', 'health_status']);
});
