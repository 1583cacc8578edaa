const UNITS: readonly [name: string, seconds: number][] = [
  ['d', 86_400],
  ['h', 3600],
  ['m', 60],
];

/** As in kubectl: 42s, 5m, 3h, 12d. */
export function age(since: string | null, now: number): string {
  if (since === null) return '–';
  const seconds = Math.max(0, Math.floor((now - Date.parse(since)) / 1000));
  const unit = UNITS.find(([, length]) => seconds >= length);
  return unit === undefined ? `${seconds}s` : `${Math.floor(seconds / unit[1])}${unit[0]}`;
}
