import type { Revision } from '@wscluster/ring';
import type { Limits } from '../limits.ts';
import type { Owner } from '../table/table.ts';
import { dial, MAX_DIALS, mayHaveAnotherOwner } from './dial.ts';
import type { KeptHandshake } from './kept-handshake.ts';
import type { Relay } from './relay.ts';

export interface RedialContext {
  readonly relay: Relay;
  readonly kept: KeptHandshake;
  /** The node that was lost. */
  readonly from: string;
  readonly limits: Limits;
  revision(): Revision;
  /** The owner of the slot as soon as it is another node than the given one; undefined if that takes too long. */
  ownerAfter(nodeId: string): Promise<Owner | undefined>;
}

export interface Redialled {
  readonly owner: Owner;
  readonly kept: KeptHandshake;
}

/**
 * Takes the client of a lost node, which the relay holds, to the new owner. Resolves with undefined if that can't be
 * done; then the client is to be told to reconnect.
 */
export async function redial(context: RedialContext): Promise<Redialled | undefined> {
  const { relay, kept, from, limits } = context;
  let refused = from;
  for (let dials = 0; dials < MAX_DIALS; dials++) {
    const owner = await context.ownerAfter(refused);
    if (owner === undefined) return undefined;
    const { token, ...head } = kept.compose(from, context.revision(), true);
    const redialled = await new Promise<Redialled | 'again' | undefined>((resolve) => {
      dial({ address: owner.address, ...head }, limits, (outcome) => {
        if (outcome.kind === 'upgraded' && kept.agreesWith(outcome.head)) {
          const next = kept.at(outcome.head, token);
          resolve(relay.adoptOrphan(outcome, next.token) ? { owner, kept: next } : undefined);
        } else {
          if (outcome.kind !== 'failed') outcome.socket.destroy();
          resolve(mayHaveAnotherOwner(outcome) ? 'again' : undefined);
        }
      });
    });
    if (redialled !== 'again') return redialled;
    refused = owner.nodeId;
  }
  return undefined;
}
