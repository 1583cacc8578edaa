import { describe, expect, it } from 'vitest';
import { SharedTexts } from './shared-texts.ts';

describe('shared texts', () => {
  it('are equal to what was given, whatever it is', () => {
    const texts = new SharedTexts();
    for (const text of ['', 'a', 'é', 'x'.repeat(10_000)]) {
      expect(texts.share(text)).toBe(text);
      expect(texts.share(text)).toBe(text);
    }
  });

  it('stay right when there are more than are kept', () => {
    const texts = new SharedTexts();
    for (let round = 0; round < 2; round++)
      for (let n = 0; n < 1_000; n++) expect(texts.share(`text ${n}`)).toBe(`text ${n}`);
  });
});
