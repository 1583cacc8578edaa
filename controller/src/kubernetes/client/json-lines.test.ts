import { describe, expect, test } from 'vitest';
import { JsonLines } from './json-lines.ts';

describe('lines of a stream', () => {
  test('come out whole, wherever the chunks end', () => {
    const text = '{"a":"é€"}\n\n{"b":2}\r\n{"c":3}\n';
    const bytes = Buffer.from(text);
    for (let size = 1; size <= bytes.length; size++) {
      const lines = new JsonLines();
      const found: unknown[] = [];
      for (let at = 0; at < bytes.length; at += size)
        found.push(...lines.push(bytes.subarray(at, at + size)).map((line) => JSON.parse(line)));
      expect(found).toEqual([{ a: 'é€' }, { b: 2 }, { c: 3 }]);
    }
  });

  test('wait for their end', () => {
    const lines = new JsonLines();
    expect(lines.push(Buffer.from('{"a"'))).toEqual([]);
    expect(lines.push(Buffer.from(':1}'))).toEqual([]);
    expect(lines.push(Buffer.from('\n'))).toEqual(['{"a":1}']);
  });
});
