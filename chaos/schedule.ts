import { pick, type Random } from './random.ts';

/** What a fault hits. A round has at most one fault for each. */
export const SCOPES = ['node', 'gateway', 'controller', 'api', 'disk', 'clock', 'rabbitmq', 'redis'] as const;
export type Scope = (typeof SCOPES)[number];

export interface Planned<Kind> {
  readonly kind: Kind;
  /** From the beginning of the round, ms. */
  readonly afterMs: number;
  /** For faults that last: until it is healed, ms. */
  readonly lastsMs: number;
  /** Chooses the victim, from 0 up to but excluding 1. */
  readonly dice: number;
}

const MOST_FAULTS = 4;
const MOST_DELAY_MS = 3_000;
const SHORTEST_MS = 200;
/** Servers stay away for longer than a leader's lock and a node's drain last. */
const LONGEST_MS: Readonly<Record<Scope, number>> = {
  ...{ node: 8_000, gateway: 8_000, controller: 8_000, api: 8_000 },
  ...{ disk: 8_000, clock: 0, rabbitmq: 30_000, redis: 30_000 },
};

/** One to four faults that overlap, each with another scope. Depends on `random` and `kinds` alone. */
export function nextRound<Kind extends { readonly scope: Scope }>(
  random: Random,
  kinds: readonly Kind[],
): Planned<Kind>[] {
  const count = 1 + Math.floor(random() * MOST_FAULTS);
  const planned: Planned<Kind>[] = [];
  let left = kinds;
  while (planned.length < count && left.length > 0) {
    const scope = pick([...new Set(left.map((kind) => kind.scope))], random());
    const kind = pick(
      left.filter((one) => one.scope === scope),
      random(),
    );
    planned.push({
      kind,
      afterMs: Math.round(random() * MOST_DELAY_MS),
      lastsMs: Math.round(SHORTEST_MS + random() * (LONGEST_MS[scope] - SHORTEST_MS)),
      dice: random(),
    });
    left = left.filter((one) => one.scope !== scope);
  }
  return planned;
}
