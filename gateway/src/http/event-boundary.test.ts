import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EventBoundary } from './event-boundary.ts';

test.each(['\n', '\r', '\r\n'])('events end behind a blank line, with line ends %j', (end) => {
  const event = `data: 1${end}id: 7${end}${end}`;
  const boundary = new EventBoundary();
  expect(boundary.reached).toBe(true);
  expect(boundary.scan(Buffer.from(`${event}data: 2`))).toBe(event.length);
  expect(boundary.reached).toBe(false);
  expect(boundary.scan(Buffer.from(end))).toBe(-1);
  expect(boundary.scan(Buffer.from(end))).toBe(end.length);
  expect(boundary.reached).toBe(true);
});

test('however the stream is cut into chunks, it ends in a whole event at the same places', () => {
  const line = fc.constantFrom('data: x', 'id: 1', ':', '');
  const end = fc.constantFrom('\n', '\r\n');
  fc.assert(
    fc.property(fc.array(line, { maxLength: 12 }), end, (lines, lineEnd) => {
      const text = lines.map((one) => one + lineEnd).join('');
      const bytewise = new EventBoundary();
      const whole = new EventBoundary();
      for (const byte of Buffer.from(text)) bytewise.scan(Buffer.from([byte]));
      whole.scan(Buffer.from(text));
      expect(bytewise.reached).toBe(whole.reached);
      const expected = lines.length === 0 || lines.at(-1) === '';
      // One blank line at the very start ends no event; nothing has begun then either.
      expect(whole.reached).toBe(expected);
    }),
  );
});
