import { describe, expect, it } from 'vitest';
import { Silence } from './silence.ts';

function ticks(silence: Silence, count: number): number[] {
  let hung: number[] = [];
  for (let tick = 0; tick < count; tick++) hung = silence.tick();
  return hung;
}

describe('the silence of workers', () => {
  it('makes one late after 3 s, and replaced after 10 s, unless it reports', () => {
    const silence = new Silence();
    silence.heard(1);
    silence.heard(2);
    expect(ticks(silence, 3)).toEqual([]);
    expect(silence.isLate(1)).toBe(false);
    silence.heard(2);
    ticks(silence, 1);
    expect([silence.isLate(1), silence.isLate(2)]).toEqual([true, false]);
    expect(ticks(silence, 6)).toEqual([]);
    expect(ticks(silence, 1)).toEqual([1]);
    silence.heard(1);
    expect(silence.isLate(1)).toBe(false);
  });

  it('says nothing about workers that are starting or gone', () => {
    const silence = new Silence();
    silence.heard(1);
    silence.drop(1);
    expect(ticks(silence, 100)).toEqual([]);
    expect(silence.isLate(1)).toBe(false);
  });
});
