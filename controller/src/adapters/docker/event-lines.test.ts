import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EventLines } from './event-lines.ts';

test('however a stream is cut into chunks, its lines are the same, also in the middle of a character', () => {
  const text = fc.string({ unit: 'grapheme', minLength: 1 }).map((name) => JSON.stringify({ name }));
  fc.assert(
    fc.property(fc.array(text), fc.array(fc.nat(200)), (texts, cuts) => {
      const bytes = Buffer.from(texts.map((one) => `${one}\n`).join(''));
      const ends = [...cuts.map((cut) => Math.min(cut, bytes.length)), bytes.length].sort((a, b) => a - b);
      const lines = new EventLines();
      const found = ends.flatMap((end, index) => lines.push(bytes.subarray(ends[index - 1] ?? 0, end)));
      expect(found).toEqual(texts);
    }),
  );
});

test('several objects of one chunk come apart, and half of one waits', () => {
  const lines = new EventLines();
  expect(lines.push(Buffer.from('{"a":1}\r\n{"b":2}\n\n{"c"'))).toEqual(['{"a":1}', '{"b":2}']);
  expect(lines.push(Buffer.from(':3}'))).toEqual([]);
  expect(lines.push(Buffer.from('\n'))).toEqual(['{"c":3}']);
});
