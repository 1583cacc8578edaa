const UNITS: readonly [name: string, seconds: number][] = [
  ['d', 86_400],
  ['h', 3600],
  ['m', 60],
];

/** As in kubectl: 42s, 5m, 3h, 12d. */
export function age(since: string | null, now: number): string {
  if (since === null) return '–';
  const seconds = secondsSince(since, now);
  const [name, length] = unitOf(seconds);
  return `${Math.floor(seconds / length)}${name}`;
}

/** After how many ms `age` says something else. */
export function untilOlder(since: string, now: number): number {
  const [, length] = unitOf(secondsSince(since, now));
  return length * 1000 - (Math.max(0, now - Date.parse(since)) % (length * 1000));
}

function secondsSince(since: string, now: number): number {
  return Math.max(0, Math.floor((now - Date.parse(since)) / 1000));
}

function unitOf(seconds: number): readonly [name: string, seconds: number] {
  return UNITS.find(([, length]) => seconds >= length) ?? ['s', 1];
}
