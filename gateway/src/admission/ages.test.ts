import { expect, it } from 'vitest';
import { Ages, bornNow } from './ages.ts';

const MAX_MS = 1_000_000;

interface Connection {
  readonly birth: ReturnType<typeof bornNow>;
  told: boolean;
}

/** How many are told, by thousandths of the maximum, when all of them were opened at 0. */
function toldOf(count: number, from: number): number[] {
  let now = from * MAX_MS;
  const ages = new Ages(() => now);
  const all: Connection[] = Array.from({ length: count }, () => ({ birth: bornNow(0), told: false }));
  const told: number[] = [];
  for (; told.reduce((sum, n) => sum + n, 0) < count && told.length < 2_000; now += MAX_MS / 1_000) {
    const due = ages.due(all, MAX_MS);
    for (const entry of due) entry.told = true;
    told.push(due.length);
  }
  return told;
}

it('none is told below 80 % of the maximum age, all are soon after it, and each at its own time', () => {
  const told = toldOf(1_000, 0);
  const first = told.findIndex((n) => n > 0);
  expect(first).toBeGreaterThanOrEqual(799);
  expect(told.length).toBeGreaterThan(950);
  expect(told.length).toBeLessThan(1_250);
  expect(Math.max(...told)).toBeLessThan(30);
});

it('those that are much too old are told over a fifth of the maximum age, and a few one by one', () => {
  const many = toldOf(1_000, 5);
  expect(many.length).toBeGreaterThan(190);
  expect(Math.max(...many)).toBeLessThan(20);
  expect(Math.max(...toldOf(3, 5))).toBe(1);
});

it('without a maximum nobody is told', () => {
  expect(new Ages(() => 1e12).due([{ birth: bornNow(0), told: false }], 0)).toEqual([]);
});
