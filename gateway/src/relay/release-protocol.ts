import { BINARY, maskedFrame, PING } from './close-frame.ts';

// What a gateway and a node that understands it say to each other on a connection that moves; docs/migration.md has it
// for authors of backends.

/** Payload of the Ping that asks the old owner to release a connection. */
export const RELEASE = 'wscluster:release';
/** Payload of the Pong (from the old owner) and of the Ping (to the new one) before the message that is the state. */
export const STATE = 'wscluster:state';
/** Payload of the Ping from which on the connection belongs to the new owner. */
const BEGIN = 'wscluster:begin';
/** Bytes of a connection's state at most. */
export const MAX_STATE_BYTES = 1024 * 1024;

export function releaseFrame(): Buffer {
  return maskedFrame(PING, Buffer.from(RELEASE));
}

/** What the new owner gets before the client's first byte. */
export function beginFrames(state: Buffer): Buffer[] {
  const begin = maskedFrame(PING, Buffer.from(BEGIN));
  return state.length === 0 ? [begin] : [maskedFrame(PING, Buffer.from(STATE)), maskedFrame(BINARY, state), begin];
}
