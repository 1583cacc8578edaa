import type { Socket } from 'node:net';
import {
  DEFAULT_MOVE_SETTINGS,
  type MoveSettings,
  REVISION_ZERO,
  type Revision,
  WsClusterError,
} from '@wscluster/ring';
import { bornNow } from '../admission/ages.ts';
import type { HandshakeRate } from '../admission/handshake-rate.ts';
import type { HeldBytes } from '../admission/held-bytes.ts';
import { asWsClusterError } from '../errors.ts';
import type { Limits, SweptLimit } from '../limits.ts';
import type { LiveConnection } from '../move/live-connection.ts';
import type { LostNodes } from '../move/lost-nodes.ts';
import type { Tracked, Tracker } from '../move/tracker.ts';
import { NO_BYTES } from '../no-bytes.ts';
import type { CurrentTable } from '../table/current-table.ts';
import type { Destination } from '../table/locate.ts';
import type { AnyNode } from '../table/nodes.ts';
import { type Owner, ownerOfSlot } from '../table/table.ts';
import { headForClient } from './added-headers.ts';
import type { AnswerHead } from './answer-head.ts';
import { type BodyEnd, bodyEndOf } from './body-end.ts';
import { type CloseNotice, ownerChanged, ownerLost } from './close-frame.ts';
import { type DialOutcome, dial, isLost } from './dial.ts';
import { writeTo } from './direct-write.ts';
import { KeptHandshake } from './kept-handshake.ts';
import { type MigrationOutcome, migrate } from './migration.ts';
import { passAnswer } from './pass-answer.ts';
import { type Redialled, redial } from './redial.ts';
import { refuseUpgrade } from './refuse.ts';
import { Relay, type RelayEvents, type Traffic } from './relay.ts';
import { giveTo, listen, NOBODY, type SocketUser } from './socket-user.ts';

/**
 * How an upgrade ended: `opened`, `passed` (the node answered otherwise), `abandoned` by the client, or an error code.
 */
export type UpgradeResult = 'opened' | 'passed' | 'abandoned' | WsClusterError['code'];

export interface ConnectionContext {
  readonly current: CurrentTable;
  readonly tracker: Tracker<LiveConnection>;
  readonly lostNodes: LostNodes;
  readonly limits: Limits;
  readonly handshakes: HandshakeRate;
  readonly held: HeldBytes;
  readonly traffic: Traffic;
  onUpgrade(result: UpgradeResult, requestId: string): void;
  /** Returns a function to call once the client has moved, whether it noticed or not. */
  onMigrating(): () => void;
  onMigration(outcome: MigrationOutcome | { readonly kind: 'redialled' }): void;
  /** Looks again which connections have to move, since one of them may have to once more. */
  reconsider(): void;
  /** Reads the store now, since somebody seems to know a newer ring. */
  refresh(): void;
  /** A request was answered with an error of the gateway itself. */
  onRefusal(error: WsClusterError, requestId: string): void;
  /** An error that nobody expected. `event`: its name in the log. */
  onBug(event: string, error: unknown): void;
}

/** A client's accepted upgrade request. */
export interface ClientUpgrade {
  readonly socket: Socket;
  /** Bytes that arrived right after the request's head. */
  readonly head: Buffer;
  readonly webSocketKey: string;
  readonly requestId: string;
  /** It is to move to another owner without the client noticing. */
  readonly portable: boolean;
  /** The request's head for the owner, with the revision that the owner was chosen by. */
  compose(revision: Revision): string;
  /** Header lines that the gateway adds to the answer. */
  added(head: AnswerHead): string[];
  /** Another node than the given one, if any node will do. */
  elsewhere(nodeId: string): AnyNode | undefined;
}

type Stage =
  | { readonly kind: 'dialing'; exit(): void }
  /** The owner refused; a ring with another owner may be on its way. */
  | { readonly kind: 'waiting'; exit(): void }
  | { readonly kind: 'relaying'; readonly relay: Relay; exit(): void }
  /** The answer of the node, or of the gateway itself, is being sent to the client. */
  | { readonly kind: 'answering'; exit(): void }
  | { readonly kind: 'gone'; exit(): void };

/** One client connection, from routing until it is fully closed. */
export class ClientConnection implements LiveConnection, RelayEvents, SocketUser {
  slot: number;
  readonly key: string;
  nodeId: string;
  readonly kind = 'websocket';
  next: Tracked | undefined = undefined;
  previous: Tracked | undefined = undefined;
  /** Has been told to reconnect; that happens only once. */
  told = false;
  readonly birth = bornNow();
  readonly #context: ConnectionContext;
  readonly #client: Socket;
  /** Dropped at the 101, so that an idle connection does not hold its request, with all headers and their buffer. */
  #upgrade: ClientUpgrade | undefined;
  #owner: Owner;
  /** The request that was dialled last, until the 101. */
  #request = '';
  /** Set if the connection can go on at another node. */
  #kept: KeptHandshake | undefined;
  /** It should, but what its node has agreed on with the client binds it to that. */
  #bound = false;
  #giveUpMigration: (() => void) | undefined;
  #stage: Stage = { kind: 'waiting', exit: nothing };
  /** The owner has refused once; the next refusal is final. */
  #refusedOnce = false;

  constructor(context: ConnectionContext, upgrade: ClientUpgrade, destination: Destination, owner: Owner) {
    this.slot = destination.slot;
    this.key = destination.key;
    this.nodeId = owner.nodeId;
    this.#context = context;
    this.#client = upgrade.socket;
    this.#upgrade = upgrade;
    this.#owner = owner;
  }

  /** From here on it is tracked, and ends by itself. */
  start(): void {
    this.#context.tracker.add(this);
    giveTo(this, this.#client);
    listen(this.#client);
    this.#dial(this.#owner);
  }

  /** No frame has been exchanged yet, so it can go to another owner without the client noticing. */
  get connecting(): boolean {
    return this.#stage.kind === 'dialing' || this.#stage.kind === 'waiting';
  }

  get portable(): boolean {
    return this.#kept !== undefined;
  }

  get relaying(): boolean {
    return this.#stage.kind === 'relaying';
  }

  /** While connecting: goes to the new owner instead. */
  redirect(owner: Owner): void {
    if (this.connecting) this.#dial(owner);
  }

  /** The owner changed: takes the connection to the new one, or tells the client to reconnect, which does so too. */
  move(): void {
    if (this.#stage.kind !== 'relaying') return;
    const { relay } = this.#stage;
    if (relay.orphaned && this.#redials) this.#lose(relay, true);
    else if (relay.orphaned || this.#kept === undefined) {
      if (this.#bound) this.#context.onMigration({ kind: 'failed', fault: 'not-portable' });
      relay.close(ownerChanged(this.#closeCode));
    } else this.#migrate(relay, this.#kept);
  }

  #migrate(relay: Relay, kept: KeptHandshake): void {
    const { current, limits } = this.#context;
    const notice = ownerChanged(this.#closeCode);
    const context = {
      relay,
      kept,
      limits,
      notice,
      from: this.nodeId,
      otherOwner: () => this.#otherOwner(),
      ownerAfter: (nodeId: string) => current.otherOwner(this.slot, nodeId, limits.ownerWaitMs),
      revision: () => current.table?.ring.revision ?? REVISION_ZERO,
      onBug: this.#context.onBug,
    };
    const onMoved = this.#context.onMigrating();
    const giveUp = migrate(context, (outcome) => {
      this.#giveUpMigration = undefined;
      this.#context.onMigration(outcome);
      if (outcome.kind !== 'stayed') onMoved();
      if (outcome.kind === 'migrated') this.#arrive(outcome);
      else if (outcome.kind === 'stayed') this.told = false;
      else relay.close(notice);
    });
    this.#giveUpMigration = () => {
      giveUp();
      onMoved();
    };
  }

  /** Closes gracefully; a client that is still connecting is refused. */
  close(notice: CloseNotice): void {
    if (this.#stopMigrating()) this.#context.onMigration({ kind: 'failed', fault: 'given-up' });
    if (this.#stage.kind === 'relaying') this.#stage.relay.close(notice);
    else if (this.connecting)
      this.#refuse(new WsClusterError('SHUTTING_DOWN', `the connection is closed: ${notice.reason}`));
  }

  /** Of the relay. */
  onGone(): void {
    this.#end();
  }

  /** Of the relay. */
  onOrphaned(): () => void {
    // With redial another dial follows, to whoever is the owner then.
    if (this.#stopMigrating() && !this.#redials)
      this.#context.onMigration({ kind: 'failed', fault: 'old-owner-broken' });
    const judge = (gone: boolean) => {
      if (this.#stage.kind === 'relaying') this.#lose(this.#stage.relay, gone);
    };
    return this.#context.lostNodes.add(this.nodeId, this.#owner.address, { judge });
  }

  get #redials(): boolean {
    return this.#kept !== undefined && this.#moves.onLost === 'redial';
  }

  /** The node has ended the connection without a Close; `gone`: it is lost. */
  #lose(relay: Relay, gone: boolean): void {
    this.told = true; // no move is needed any more
    if (relay.holdsOrphan) return;
    // Also if it seems to live: a process that is killed may accept connections for a moment longer.
    if (this.#kept !== undefined && this.#redials && relay.orphaned) {
      if (relay.holdOrphan()) {
        this.#redial(relay, this.#kept, gone).catch((error: unknown) => {
          this.#context.onBug('redial-broken', error);
          // Nobody knows what became of it; a client that is held would wait for ever.
          this.destroy();
        });
        return;
      }
      this.#context.onMigration({ kind: 'failed', fault: 'node-lost' });
    }
    this.#tellLost(relay, gone);
  }

  #tellLost(relay: Relay, gone: boolean): void {
    if (gone || this.#otherOwner() !== undefined) relay.close(ownerLost(this.#closeCode));
    else relay.endClient();
  }

  /** Takes the client, which the relay holds, to the new owner, or tells it to reconnect. */
  async #redial(relay: Relay, kept: KeptHandshake, gone: boolean): Promise<void> {
    const { current, limits } = this.#context;
    const redialled = await redial({
      ...{ relay, kept, limits, from: this.nodeId },
      revision: () => current.table?.ring.revision ?? REVISION_ZERO,
      ownerAfter: (nodeId) => current.otherOwner(this.slot, nodeId, limits.ownerWaitMs),
    });
    this.#context.onMigration(redialled === undefined ? { kind: 'failed', fault: 'node-lost' } : { kind: 'redialled' });
    if (redialled === undefined) {
      this.#tellLost(relay, gone);
      return;
    }
    if (this.#stage.kind !== 'relaying') return;
    this.#arrive(redialled);
  }

  #arrive({ owner, kept }: Redialled): void {
    this.#kept = kept;
    this.#owner = owner;
    this.#context.tracker.setNode(this, owner.nodeId);
    this.told = false;
    if (this.#otherOwner() !== undefined) this.#context.reconsider();
  }

  /** Enforces the limits on open connections; call this every sweepMs. Returns the limit that ended it, if one did. */
  sweep(limits: Limits): SweptLimit | undefined {
    return this.#stage.kind === 'relaying' ? this.#stage.relay.sweep(limits) : undefined;
  }

  get relayedBytes(): number {
    return this.#stage.kind === 'relaying' ? this.#stage.relay.relayedBytes : 0;
  }

  get heldBytes(): number {
    return this.#stage.kind === 'relaying' ? this.#stage.relay.heldBytes : this.#client.writableLength;
  }

  /** Ends everything at once. */
  destroy(): void {
    if (this.#stage.kind === 'relaying') this.#stage.relay.destroy();
    else this.#client.destroy();
  }

  get #moves(): MoveSettings {
    return this.#context.current.table?.settings.moves ?? DEFAULT_MOVE_SETTINGS;
  }

  get #closeCode(): number {
    return this.#moves.closeCode;
  }

  /** Valid until the 101. */
  get #requestId(): string {
    return this.#upgrade?.requestId ?? '';
  }

  #enter(stage: Stage): void {
    this.#stage.exit();
    this.#stage = stage;
  }

  #dial(owner: Owner): void {
    const { current, limits, tracker } = this.#context;
    const upgrade = this.#upgrade;
    if (upgrade === undefined) return;
    this.#owner = owner;
    if (this.nodeId !== owner.nodeId) tracker.setNode(this, owner.nodeId);
    const revision = current.table?.ring.revision ?? REVISION_ZERO;
    this.#request = upgrade.compose(revision);
    const request = {
      address: owner.address,
      text: this.#request,
      webSocketKey: upgrade.webSocketKey,
    };
    this.#enter({ kind: 'dialing', exit: dial(request, limits, (outcome) => this.#onOutcome(outcome)) });
  }

  #onOutcome(outcome: DialOutcome): void {
    // The attempt is over and the outcome holds its sockets, so there is nothing left to abandon.
    this.#stage = { kind: 'waiting', exit: nothing };
    if (outcome.kind === 'upgraded') this.#open(outcome);
    else if (outcome.kind === 'failed' && outcome.unanswered) this.#waitForOwner(outcome.error);
    else if (outcome.kind === 'failed') this.#refuse(outcome.error);
    else if (isLost(outcome) && !this.#refusedOnce) {
      outcome.socket.destroy();
      this.#context.refresh();
      this.#waitForOwner(new WsClusterError('OWNER_UNREACHABLE', 'the node says that it no longer owns the key'));
    } else this.#pass(outcome);
  }

  /** A 421 or a refused dial means that the ring is about to change, or has just changed. */
  #waitForOwner(error: WsClusterError): void {
    if (this.#refusedOnce) {
      this.#refuse(error);
      return;
    }
    this.#refusedOnce = true;
    const owner = this.#goElsewhere() ?? this.#otherOwner();
    if (owner !== undefined) {
      this.#dial(owner);
      return;
    }
    const timer = setTimeout(() => this.#refuse(error), this.#context.limits.ownerWaitMs);
    this.#enter({ kind: 'waiting', exit: () => clearTimeout(timer) });
  }

  /** If any node will do: takes a slot of another one, and returns that. */
  #goElsewhere(): Owner | undefined {
    const other = this.#upgrade?.elsewhere(this.nodeId);
    if (other === undefined) return undefined;
    this.#context.tracker.remove(this);
    this.slot = other.slot;
    this.#context.tracker.add(this);
    return other.owner;
  }

  /** The owner of the slot, if it is not the node of this connection. */
  #otherOwner(): Owner | undefined {
    const { table } = this.#context.current;
    const owner = table === undefined ? undefined : ownerOfSlot(table, this.slot);
    return owner?.nodeId === this.nodeId ? undefined : owner;
  }

  #open({ socket: node, head, rest }: DialOutcome & { kind: 'upgraded' }): void {
    const { limits, traffic } = this.#context;
    const socket = this.#client;
    const early = this.#upgrade?.head ?? NO_BYTES;
    const bytes = headForClient(head, this.#upgrade?.added(head) ?? []);
    if (this.#upgrade?.portable === true) {
      this.#kept = KeptHandshake.of(this.#request, head);
      this.#bound = this.#kept === undefined;
      if (this.portable) this.#context.tracker.nowPortable(this);
    }
    this.#request = '';
    this.#context.onUpgrade('opened', this.#requestId);
    this.#upgrade = undefined;
    writeTo(socket, bytes);
    // No function of its own for each event: an idle connection holds what it was made of.
    const relay = new Relay({ client: socket, node, slot: this.slot }, limits, traffic, this);
    this.#enter({ kind: 'relaying', relay, exit: nothing });
    relay.start(early, rest);
  }

  #pass(outcome: DialOutcome & { kind: 'answered' }): void {
    let body: BodyEnd;
    try {
      body = bodyEndOf(outcome.head);
    } catch (error) {
      outcome.socket.destroy();
      this.#refuse(asWsClusterError(error));
      return;
    }
    const socket = this.#client;
    giveTo(NOBODY, socket);
    this.#enter({ kind: 'answering', exit: nothing });
    this.#context.onUpgrade('passed', this.#requestId);
    const added = this.#upgrade?.added(outcome.head) ?? [];
    passAnswer(socket, outcome.socket, { ...outcome, added }, body, this.#context.limits, () => this.#end());
  }

  #refuse(error: WsClusterError): void {
    const socket = this.#client;
    giveTo(NOBODY, socket);
    this.#enter({ kind: 'answering', exit: nothing });
    this.#context.onUpgrade(error.code, this.#requestId);
    this.#context.onRefusal(error, this.#requestId);
    refuseUpgrade(socket, error, this.#requestId);
    this.#end();
  }

  /** Nothing is read before the 101. */
  onChunk(): boolean {
    return false;
  }

  /** Before the 101 a client that has half-closed counts as gone. */
  onEnd(): void {
    this.#abandon();
  }

  onClose(): void {
    this.#abandon();
  }

  #abandon(): void {
    const socket = this.#client;
    giveTo(NOBODY, socket);
    socket.destroy();
    this.#context.onUpgrade('abandoned', this.#requestId);
    this.#end();
  }

  /** Returns whether it was on its way to another owner. */
  #stopMigrating(): boolean {
    if (this.#giveUpMigration === undefined) return false;
    this.#giveUpMigration();
    this.#giveUpMigration = undefined;
    return true;
  }

  #end(): void {
    if (this.#stopMigrating()) this.#context.onMigration({ kind: 'failed', fault: 'client-closing' });
    this.#enter({ kind: 'gone', exit: nothing });
    this.#context.tracker.remove(this);
  }
}

function nothing(): void {}
