import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { LEAST_WEIGHT, MOST_WEIGHT, weightProblem } from './weight.ts';

test('weights that the API refuses are refused here, with what is allowed', () => {
  const allowed = 'The weight must be a number from 0.01 to 1,000.';
  for (const weight of [0.009, 0, -1, 1000.1, Number.NaN, Number.POSITIVE_INFINITY])
    expect(weightProblem(weight)).toBe(allowed);
  for (const weight of [0.01, 1, 1000]) expect(weightProblem(weight)).toBeUndefined();
});

test('the bounds are those of the API', () => {
  const document = readFileSync(new URL('../../../docs/openapi.json', import.meta.url), 'utf8');
  const { components } = JSON.parse(document) as {
    components: { schemas: { Change: { anyOf: { properties: { weights?: { additionalProperties: object } } }[] } } };
  };
  const { weights } =
    components.schemas.Change.anyOf.map(({ properties }) => properties).find((of) => of.weights) ?? {};
  expect(weights?.additionalProperties).toMatchObject({ minimum: LEAST_WEIGHT, maximum: MOST_WEIGHT });
});
