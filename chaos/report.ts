import type { ChaosResult } from './run.ts';

const LAST_FAULTS = 15;
const LAST_VIOLATIONS = 20;

/** The run in a few lines; after a violation, also what broke and the last faults before it. */
export function report({ rounds, history, violations, warnings }: ChaosResult): string {
  const sessions = history.clients.reduce((sum, client) => sum + client.sessions.length, 0);
  const moved = history.clients.flatMap((client) => client.sessions.flatMap(({ arrivals }) => arrivals));
  const lost = moved.filter((arrival) => arrival.lost).length;
  const lines = [
    `${rounds} rounds, ${history.faults.length} faults, ${history.clients.length} clients with ${sessions} sessions, ` +
      `${violations.length} violations`,
    `  clients were taken to ${moved.length} nodes without a Close, to ${lost} of them from lost ones`,
    ...counts(history.faults.map(({ kind }) => kind)),
  ];
  if (violations.length === 0) return lines.join('\n');
  const seconds = (at: number | undefined) => (at === undefined ? '-' : `${(at / 1_000).toFixed(2)} s`);
  lines.push(
    'Violations:',
    ...violations.slice(0, LAST_VIOLATIONS).map(({ rule, at, detail }) => `  ${seconds(at)} ${rule}: ${detail}`),
    'The last faults:',
    ...history.faults
      .slice(-LAST_FAULTS)
      .map(({ kind, target, from, until }) => `  ${seconds(from)} to ${seconds(until)} ${kind}: ${target}`),
    'The last warnings:',
    ...Object.entries(warnings).flatMap(([name, logged]) => logged.map((line) => `  ${name} ${line}`)),
  );
  return lines.join('\n');
}

function counts(kinds: readonly string[]): string[] {
  return Object.entries(Object.groupBy(kinds, (kind) => kind))
    .map(([kind, all = []]) => `  ${all.length} ${kind}`)
    .sort();
}
