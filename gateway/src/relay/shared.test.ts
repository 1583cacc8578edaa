import { describe, expect, it } from 'vitest';
import { Shared } from './shared.ts';

describe('what is shared', () => {
  it('is made of what was given, whatever it is', () => {
    const upper = new Shared((text) => text.toUpperCase());
    for (const text of ['', 'a', 'é', 'x'.repeat(10_000)]) {
      expect(upper.of(text)).toBe(text.toUpperCase());
      expect(upper.of(text)).toBe(text.toUpperCase());
    }
  });

  it('is made once for equal texts', () => {
    const lists = new Shared((text) => [text]);
    expect(lists.of('a b')).toBe(lists.of(['a', 'b'].join(' ')));
  });

  it('is kept for the texts that were asked for last, and right for all', () => {
    const lists = new Shared((text) => [text]);
    const [old, used] = [lists.of('old'), lists.of('used')];
    for (let n = 0; n < 1_000; n++) {
      expect(lists.of(`text ${n}`)).toEqual([`text ${n}`]);
      expect(lists.of('used')).toBe(used);
    }
    expect(lists.of('old')).toEqual(old);
    expect(lists.of('old')).not.toBe(old);
  });
});
