import { expect, test } from 'vitest';
import { colourOf, css, luminance } from './colours.ts';

/** Ratio of contrast as WCAG has it. */
const contrast = (a: number, b: number) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);

test('every colour can be told from the panels of the light page and of the dark one', () => {
  for (let ringId = 0; ringId < 1000; ringId++) {
    const bright = luminance(colourOf(ringId));
    expect(contrast(bright, luminance([255, 255, 255]))).toBeGreaterThan(3);
    expect(contrast(bright, luminance([0x1d, 0x21, 0x28]))).toBeGreaterThan(3);
  }
});

test('a hundred ring ids have a hundred colours', () => {
  expect(new Set(Array.from({ length: 100 }, (_, ringId) => css(colourOf(ringId)))).size).toBe(100);
});
