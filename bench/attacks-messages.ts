import type { AttackName, Strength } from '../test/gateway/support/attacks.ts';

/** What the processes of the benchmark of attacks say to each other. */
export type RoleRequest =
  | { readonly ask: 'connect'; readonly port: number; readonly clients: number }
  | { readonly ask: 'talk'; readonly perSecond: number; readonly seconds: number }
  | { readonly ask: 'attack'; readonly port: number; readonly name: AttackName; readonly strength: Strength }
  | { readonly ask: 'stop' };

export interface RoleAnswer {
  /** Of its node, or of a server. */
  readonly port?: number;
  /** Round trips, ms. */
  readonly times?: readonly number[];
  /** What honest clients did not get, in words. */
  readonly faults?: readonly string[];
  /** That an attack has sent. */
  readonly requests?: number;
}
