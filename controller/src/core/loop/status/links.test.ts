import { expect, test } from 'vitest';
import { linksOf } from './links.ts';

const fine = { publish: { storeError: undefined, busError: undefined }, registry: { synced: true, error: undefined } };
const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second));

test('a link is since when its state began, whatever is said of it meanwhile', () => {
  const before = linksOf([], fine, at(0));
  expect(before.map(({ name, state }) => `${name} ${state}`)).toEqual([
    'store connected',
    'bus connected',
    'registry connected',
  ]);
  const lost = { ...fine, publish: { storeError: undefined, busError: 'refused' } };
  const during = linksOf(
    linksOf(before, lost, at(5)),
    { ...lost, publish: { ...lost.publish, busError: 'reset' } },
    at(9),
  );
  expect(during[1]).toEqual({ name: 'bus', state: 'lost', since: at(5).toISOString(), message: 'reset' });
  expect(during[0]?.since).toBe(at(0).toISOString());
  expect(linksOf(during, fine, at(12))[1]).toMatchObject({
    state: 'connected',
    since: at(12).toISOString(),
    message: '',
  });
});

test('a registry that is not configured, and one that was not written yet', () => {
  expect(linksOf([], { ...fine, registry: undefined }, at(0))[2]?.state).toBe('none');
  expect(linksOf([], { ...fine, registry: { synced: false, error: undefined } }, at(0))[2]?.state).toBe('starting');
});
