import { fillRandomly } from '@wscluster/ring';

/** Why a connection is closed: a status code of RFC 6455, and a short ASCII reason for the client's log. */
export interface CloseNotice {
  readonly code: number;
  readonly reason: string;
}

/** What tells a client to reconnect at once; the cluster chooses the code, 1012 "service restart" by default. */
export const ownerChanged = (code: number): CloseNotice => ({ code, reason: 'owner changed' });
export const ownerLost = (code: number): CloseNotice => ({ code, reason: 'owner lost' });
export const tooOld = (code: number): CloseNotice => ({ code, reason: 'maximum age' });
export const tooMany = (code: number): CloseNotice => ({ code, reason: 'gateway overfull' });
export const GOING_AWAY: CloseNotice = { code: 1001, reason: 'gateway going away' };
export const IDLE: CloseNotice = { code: 1001, reason: 'idle' };

/** Opcodes (RFC 6455, 5.2). */
export const BINARY = 0x2;
const CLOSE = 0x8;
export const PING = 0x9;

/** An empty Ping from a server. */
export const PING_FRAME: Buffer = Buffer.from([0x89, 0]);
/** Bytes of the client's Pong: two of header, four of mask. */
export const PONG_BYTES = 6;

/** A Close frame from a server. */
export function closeFrame(notice: CloseNotice): Buffer {
  const size = 2 + notice.reason.length;
  const frame = Buffer.allocUnsafe(2 + size);
  frame[0] = 0x88;
  frame[1] = size;
  frame.writeUInt16BE(notice.code, 2);
  frame.write(notice.reason, 4, 'latin1');
  return frame;
}

/** A Close frame from a client. */
export function maskedCloseFrame(notice: CloseNotice): Buffer {
  return maskedFrame(CLOSE, closeFrame(notice).subarray(2));
}

/** A whole message or control frame from a client, which is masked. */
export function maskedFrame(opcode: number, payload: Buffer): Buffer {
  const { length } = payload;
  const lengthBytes = length < 126 ? 0 : length < 65_536 ? 2 : 8;
  const head = 2 + lengthBytes;
  const frame = Buffer.allocUnsafe(head + 4 + length);
  frame[0] = 0x80 | opcode;
  frame[1] = 0x80 | (lengthBytes === 0 ? length : lengthBytes === 2 ? 126 : 127);
  if (lengthBytes === 2) frame.writeUInt16BE(length, 2);
  else if (lengthBytes === 8) frame.writeBigUInt64BE(BigInt(length), 2);
  fillRandomly(frame, head, 4);
  for (let i = 0; i < length; i++) frame[head + 4 + i] = (payload[i] as number) ^ (frame[head + (i & 3)] as number);
  return frame;
}
