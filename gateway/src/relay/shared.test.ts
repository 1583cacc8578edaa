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

  it('stays right when there are more than are kept', () => {
    const texts = new Shared((text) => text);
    for (let round = 0; round < 2; round++)
      for (let n = 0; n < 1_000; n++) expect(texts.of(`text ${n}`)).toBe(`text ${n}`);
  });
});
