/** As the API has them. */
export const LEAST_WEIGHT = 0.01;
export const MOST_WEIGHT = 1000;

/** What is wrong with a weight, for people; undefined: nothing. */
export function weightProblem(weight: number): string | undefined {
  if (weight >= LEAST_WEIGHT && weight <= MOST_WEIGHT) return undefined;
  return `The weight must be a number from ${LEAST_WEIGHT} to ${MOST_WEIGHT.toLocaleString('en')}.`;
}
