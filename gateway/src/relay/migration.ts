import type { Revision } from '@wscluster/ring';
import type { Limits } from '../limits.ts';
import type { Owner } from '../table/table.ts';
import type { CloseNotice } from './close-frame.ts';
import { type DialOutcome, dial, MAX_DIALS, mayHaveAnotherOwner } from './dial.ts';
import type { HandoverFault } from './handover.ts';
import type { KeptHandshake } from './kept-handshake.ts';
import type { Relay } from './relay.ts';

/** Why a client was told to reconnect instead. */
export type MigrationFault =
  | HandoverFault
  | 'new-owner-unreachable'
  | 'new-owner-refused'
  /** It chose another subprotocol or other extensions. */
  | 'new-owner-disagreed'
  /** The owner changed again and again meanwhile. */
  | 'owner-unsettled'
  /** The node died, and no new owner took the connection. */
  | 'node-lost';

export type MigrationOutcome =
  | { readonly kind: 'migrated'; readonly owner: Owner; readonly kept: KeptHandshake; readonly blackoutMs: number }
  /** The owner has become the present node again. */
  | { readonly kind: 'stayed' }
  | { readonly kind: 'failed'; readonly fault: MigrationFault };

export interface MigrationContext {
  readonly relay: Relay;
  readonly kept: KeptHandshake;
  /** The present node. */
  readonly from: string;
  readonly limits: Limits;
  readonly notice: CloseNotice;
  /** The owner of the slot, if it is another node than the present one. */
  otherOwner(): Owner | undefined;
  /** The owner of the slot as soon as it is another node than the given one; undefined if that takes too long. */
  ownerAfter(nodeId: string): Promise<Owner | undefined>;
  revision(): Revision;
}

/**
 * Takes an open connection to the owner of its slot: dials it with the client's own handshake, and lets the relay switch.
 * Calls `done` once, maybe before this returns. The returned function gives up what has not begun to switch; `done` is
 * then not called.
 */
export function migrate(context: MigrationContext, done: (outcome: MigrationOutcome) => void): () => void {
  let abandon = () => {};
  let over = false;

  const end = (outcome: MigrationOutcome) => {
    if (!over) done(outcome);
    over = true;
  };
  const attempt = (dials: number) => {
    const owner = context.otherOwner();
    if (owner === undefined) end({ kind: 'stayed' });
    else if (dials === MAX_DIALS) end({ kind: 'failed', fault: 'owner-unsettled' });
    else {
      const { token, ...head } = context.kept.compose(context.from, context.revision());
      const request = { address: owner.address, ...head };
      abandon = dial(request, context.limits, (outcome) => {
        abandon = () => {};
        if (outcome.kind === 'upgraded' && !context.kept.agreesWith(outcome.head)) {
          outcome.socket.destroy();
          end({ kind: 'failed', fault: 'new-owner-disagreed' });
        } else if (outcome.kind === 'upgraded' && context.otherOwner()?.nodeId !== owner.nodeId) {
          outcome.socket.destroy();
          attempt(dials + 1);
        } else if (outcome.kind === 'upgraded') handOver(owner, outcome, token);
        else {
          if (outcome.kind === 'answered') outcome.socket.destroy();
          const fault = outcome.kind === 'answered' ? 'new-owner-refused' : 'new-owner-unreachable';
          if (mayHaveAnotherOwner(outcome)) void again(owner, dials, fault);
          else end({ kind: 'failed', fault });
        }
      });
    }
  };
  /** It died, or knows a newer ring: the next one is on its way. */
  const again = async ({ nodeId }: Owner, dials: number, fault: MigrationFault) => {
    const next = await context.ownerAfter(nodeId);
    if (over) return;
    if (next === undefined) end({ kind: 'failed', fault });
    else attempt(dials + 1);
  };
  const handOver = (owner: Owner, { socket, head, rest }: DialOutcome & { kind: 'upgraded' }, token: string) => {
    const kept = context.kept.at(head, token);
    const tokens = { oldOwner: context.kept.token, newOwner: kept.token };
    context.relay.handOver({ socket, rest }, tokens, context.notice, (outcome) => {
      if (outcome.kind === 'switched') end({ kind: 'migrated', owner, kept, blackoutMs: outcome.blackoutMs });
      else end({ kind: 'failed', fault: outcome.fault });
    });
  };

  attempt(0);
  return () => {
    over = true;
    abandon();
  };
}
