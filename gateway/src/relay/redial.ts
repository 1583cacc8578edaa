import type { Revision } from '@wscluster/ring';
import type { Limits } from '../limits.ts';
import type { Owner } from '../table/table.ts';
import { dial } from './dial.ts';
import type { KeptHandshake } from './kept-handshake.ts';
import type { Relay } from './relay.ts';

export interface RedialContext {
  readonly relay: Relay;
  readonly kept: KeptHandshake;
  /** The node that was lost. */
  readonly from: string;
  readonly limits: Limits;
  revision(): Revision;
  /** The new owner, as soon as there is one; undefined if none comes in time. */
  newOwner(): Promise<Owner | undefined>;
}

export interface Redialled {
  readonly owner: Owner;
  readonly kept: KeptHandshake;
}

/**
 * Takes the client of a lost node to the new owner. The relay holds it. Resolves with undefined if that can't be done; then
 * the client is to be told to reconnect.
 */
export async function redial(context: RedialContext): Promise<Redialled | undefined> {
  const { relay, kept, from, limits } = context;
  const owner = await context.newOwner();
  if (owner === undefined) return undefined;
  const { token, ...head } = kept.compose(from, context.revision(), true);
  const request = { address: owner.address, ...head };
  return await new Promise((resolve) => {
    dial(request, limits, (outcome) => {
      if (outcome.kind === 'failed') resolve(undefined);
      else if (outcome.kind === 'answered' || !kept.agreesWith(outcome.head)) {
        outcome.upstream.socket.destroy();
        resolve(undefined);
      } else {
        const next = kept.at(outcome.head, token);
        relay.adoptOrphan(outcome, next.token);
        resolve({ owner, kept: next });
      }
    });
  });
}
