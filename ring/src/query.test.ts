import fc from 'fast-check';
import { expect, test } from 'vitest';
import { queryReader } from './query.ts';

const part = fc.array(fc.constantFrom('k', 'K', '%6b', '%6B', '%4b', '=', '&', '%', '%6', '%zz', 'é', 'Ã', '©', '+'), {
  maxLength: 12,
});

test('the value of a parameter is that whose name is the same once it is decoded, however it is spelt', () => {
  fc.assert(
    fc.property(part, fc.constantFrom('k', 'kk', 'é', '='), (parts, name) => {
      const query = parts.join('');
      const decoded = (text: string) =>
        text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
      const values = query.split('&').flatMap((pair) => {
        const [spelt = '', ...value] = pair.split('=');
        return decoded(spelt) === decoded(encodeURIComponent(name)) ? [value.join('=')] : [];
      });
      if (values.length > 1) expect(() => queryReader(name)(query)).toThrow('more than once');
      else expect(queryReader(name)(query)).toBe(values[0]);
    }),
    { numRuns: 2_000 },
  );
});
