import { expect, test } from 'vitest';
import { problemText } from './problem-text.ts';

test('an error of the API is its detail with the name of the field, once', () => {
  const detail = 'must be from 0.01 to 1000, not 0';
  expect(problemText({ detail, field: 'spec.nodes.weights.3' }, 400)).toBe(`spec.nodes.weights.3: ${detail}`);
  expect(problemText({ detail: `change: ${detail}`, field: 'change' }, 400)).toBe(`change: ${detail}`);
  expect(problemText({ detail }, 409)).toBe(detail);
  expect(problemText({}, 502)).toBe('the controller answers 502');
});
