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
  /** The present node chose extensions that keep something from message to message. */
  | 'not-portable'
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
  /** An error that nobody expected. `event`: its name in the log. */
  onBug(event: string, error: unknown): void;
}

/**
 * Takes an open connection to the owner of its slot: dials it with the client's own handshake, and lets the relay
 * switch. Calls `done` once, maybe before this returns. The returned function gives up what has not begun to switch;
 * `done` is then not called.
 */
export function migrate(context: MigrationContext, done: (outcome: MigrationOutcome) => void): () => void {
  const migration = new Migration(context, done);
  migration.attempt();
  return () => migration.giveUp();
}

class Migration {
  readonly #context: MigrationContext;
  readonly #done: (outcome: MigrationOutcome) => void;
  #dials = 0;
  #abandon: (() => void) | undefined;
  #over = false;

  constructor(context: MigrationContext, done: (outcome: MigrationOutcome) => void) {
    this.#context = context;
    this.#done = done;
  }

  attempt(): void {
    const { kept, from, limits } = this.#context;
    const owner = this.#context.otherOwner();
    if (owner === undefined) this.#end({ kind: 'stayed' });
    else if (this.#dials++ === MAX_DIALS) this.#fail('owner-unsettled');
    else {
      const { text, webSocketKey, token } = kept.compose(from, this.#context.revision());
      const request = { address: owner.address, text, webSocketKey };
      this.#abandon = dial(request, limits, (outcome) => this.#onOutcome(owner, token, outcome));
    }
  }

  giveUp(): void {
    this.#over = true;
    this.#abandon?.();
  }

  #onOutcome(owner: Owner, token: string, outcome: DialOutcome): void {
    this.#abandon = undefined;
    if (outcome.kind === 'upgraded') {
      if (!this.#context.kept.agreesWith(outcome.head)) {
        outcome.socket.destroy();
        this.#fail('new-owner-disagreed');
      } else if (this.#context.otherOwner()?.nodeId !== owner.nodeId) {
        outcome.socket.destroy();
        this.attempt();
      } else this.#handOver(owner, token, outcome);
      return;
    }
    if (outcome.kind === 'answered') outcome.socket.destroy();
    const fault = outcome.kind === 'answered' ? 'new-owner-refused' : 'new-owner-unreachable';
    if (mayHaveAnotherOwner(outcome))
      this.#again(owner, fault).catch((error: unknown) => {
        this.#context.onBug('migration-broken', error);
        this.#fail(fault);
      });
    else this.#fail(fault);
  }

  /** It died, or knows a newer ring: the next one is on its way. */
  async #again({ nodeId }: Owner, fault: MigrationFault): Promise<void> {
    const next = await this.#context.ownerAfter(nodeId);
    if (this.#over) return;
    if (next === undefined) this.#fail(fault);
    else this.attempt();
  }

  #handOver(owner: Owner, token: string, { socket, head, rest }: DialOutcome & { kind: 'upgraded' }): void {
    const { relay, notice } = this.#context;
    const kept = this.#context.kept.at(head, token);
    const tokens = { oldOwner: this.#context.kept.token, newOwner: kept.token };
    relay.handOver({ socket, rest }, tokens, notice, (outcome) => {
      if (outcome.kind === 'switched') this.#end({ kind: 'migrated', owner, kept, blackoutMs: outcome.blackoutMs });
      else this.#fail(outcome.fault);
    });
  }

  #fail(fault: MigrationFault): void {
    this.#end({ kind: 'failed', fault });
  }

  #end(outcome: MigrationOutcome): void {
    if (this.#over) return;
    this.#over = true;
    this.#done(outcome);
  }
}
