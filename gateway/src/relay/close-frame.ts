import { randomFillSync } from 'node:crypto';

/** Why a connection is closed: a status code of RFC 6455, and a short ASCII reason for the client's log. */
export interface CloseNotice {
  readonly code: number;
  readonly reason: string;
}

/** What tells a client to reconnect at once; the cluster chooses the code, 1012 "service restart" by default. */
export const ownerChanged = (code: number): CloseNotice => ({ code, reason: 'owner changed' });
export const ownerLost = (code: number): CloseNotice => ({ code, reason: 'owner lost' });
export const GOING_AWAY: CloseNotice = { code: 1001, reason: 'gateway going away' };
export const IDLE: CloseNotice = { code: 1001, reason: 'idle' };

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

/** A Close frame from a client, which is masked. */
export function maskedCloseFrame(notice: CloseNotice): Buffer {
  const plain = closeFrame(notice);
  const frame = Buffer.allocUnsafe(plain.length + 4);
  frame[0] = 0x88;
  frame[1] = 0x80 | (plain.length - 2);
  randomFillSync(frame, 2, 4);
  for (let i = 2; i < plain.length; i++) frame[i + 4] = (plain[i] as number) ^ (frame[2 + ((i - 2) & 3)] as number);
  return frame;
}
