import { pick, type Random } from './random.ts';

/** What a fault hits. A round has at most one fault for each. */
export type Scope = 'node' | 'gateway' | 'controller' | 'api' | 'rabbitmq' | 'redis';

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
const LASTS_MS = [200, 8_000] as const;

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
    const [shortest, longest] = LASTS_MS;
    planned.push({
      kind,
      afterMs: Math.round(random() * MOST_DELAY_MS),
      lastsMs: Math.round(shortest + random() * (longest - shortest)),
      dice: random(),
    });
    left = left.filter((one) => one.scope !== scope);
  }
  return planned;
}
