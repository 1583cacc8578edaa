import { expect, test } from 'vitest';
import { pairs, percent, table } from './table.ts';

test('columns line up, numbers to the right', () => {
  const rows = [
    { name: 'a', size: 5, share: 0.5 },
    { name: 'longer', size: 12_000, share: 0.125 },
  ];
  const text = table(rows, [
    { title: 'NAME', of: (row) => row.name },
    { title: 'SIZE', of: (row) => row.size },
    { title: 'SHARE', of: (row) => percent(row.share) },
  ]);
  expect(text).toBe('NAME     SIZE   SHARE\na           5  50.0 %\nlonger  12000  12.5 %\n');
});

test('an empty table says so', () => {
  expect(table([], [{ title: 'NAME', of: String }])).toBe('none\n');
});

test('pairs line up', () => {
  expect(pairs({ key: 'alice', revision: '1.2' })).toBe('key       alice\nrevision  1.2\n');
});
