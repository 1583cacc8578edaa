import { BINARY, maskedFrame, PING } from './close-frame.ts';

// What a gateway and a node that understands it say to each other on a connection that moves; docs/migration.md has it
// for authors of backends.

/** What is said by the payload of a Ping or Pong: let go; here comes the state; from here on it is yours. */
type Word = 'release' | 'state' | 'begin';

/** `token`: known to the gateway and the node alone, so that no client can say it. */
export function saying(word: Word, token: string): string {
  return `wscluster:${word} ${token}`;
}

/** Bytes of a connection's state at most. */
export const MAX_STATE_BYTES = 1024 * 1024;

export function releaseFrame(token: string): Buffer {
  return maskedFrame(PING, Buffer.from(saying('release', token)));
}

/** What the new owner gets before the client's first byte. */
export function beginFrames(state: Buffer, token: string): Buffer[] {
  const ping = (word: Word) => maskedFrame(PING, Buffer.from(saying(word, token)));
  return state.length === 0 ? [ping('begin')] : [ping('state'), maskedFrame(BINARY, state), ping('begin')];
}
