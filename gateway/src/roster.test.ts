import { expect, it } from 'vitest';
import { Roster } from './roster.ts';

interface Item {
  readonly name: string;
}

const names = (roster: Roster<Item>) => [...roster].map(({ name }) => name).sort();

it('holds what was added and not deleted', () => {
  const roster = new Roster<Item>();
  const [a, b, c] = ['a', 'b', 'c'].map((name) => ({ name })) as [Item, Item, Item];
  for (const item of [a, b, c]) roster.add(item);
  roster.delete(a);
  expect(names(roster)).toEqual(['b', 'c']);
  roster.delete(a);
  roster.delete(c);
  expect(names(roster)).toEqual(['b']);
  roster.add(a);
  roster.delete(b);
  expect(names(roster)).toEqual(['a']);
  roster.delete(a);
  expect(roster.size).toBe(0);
});

it('an item can be in several', () => {
  const item = { name: 'a' };
  const [one, other] = [new Roster<Item>(), new Roster<Item>()];
  one.add({ name: 'first' });
  one.add(item);
  other.add(item);
  one.delete(item);
  expect([names(one), names(other)]).toEqual([['first'], ['a']]);
});
