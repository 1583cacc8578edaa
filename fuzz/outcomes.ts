/** How migrations ended, and how often; see docs/migration.md. */
export type Outcomes = Readonly<Record<string, number>>;

/** What hostile connections come to in any run that is long enough. */
const USUAL: readonly string[] = [
  'migrated',
  'stayed',
  'new-owner-unreachable',
  'new-owner-refused',
  'not-portable',
  'new-owner-disagreed',
  'new-owner-broken',
  'client-within-message',
  'client-closing',
  'old-owner-silent',
  'old-owner-broken',
  'owner-unsettled',
  'redialled',
  'node-lost',
];

/** Those that should have been seen, and were not. */
export function missing(outcomes: Outcomes): string[] {
  return USUAL.filter((outcome) => (outcomes[outcome] ?? 0) === 0);
}

export function inWords(outcomes: Outcomes): string {
  const most = Object.entries(outcomes).sort(([, one], [, other]) => other - one);
  return most.map(([outcome, count]) => `${count} ${outcome}`).join(', ');
}
