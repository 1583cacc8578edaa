/** A variable that the runner provides for the group `recipes`. */
export function required(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: run the tests by npm test, which provides it`);
  return value;
}
