import type { Birth } from '../admission/ages.ts';
import type { Keyed } from '../admission/check-room.ts';
import type { Limits, SweptLimit } from '../limits.ts';
import type { CloseNotice } from '../relay/close-frame.ts';
import type { MovingConnection } from './mover.ts';

/** What counts as a connection of a client: a WebSocket in any stage, or an event stream. */
export interface LiveConnection extends MovingConnection, Keyed {
  readonly birth: Birth;
  /** Ends it gracefully; a client that is still connecting is refused. */
  close(notice: CloseNotice): void;
  /** Enforces the limits; called every sweepMs. Returns the limit that ended it, if one did. */
  sweep(limits: Limits): SweptLimit | undefined;
  /** Bytes that this connection has relayed so far. */
  readonly relayedBytes: number;
  /** Bytes that wait in this process for one side to read them. */
  readonly heldBytes: number;
  /** Ends everything at once. */
  destroy(): void;
}
