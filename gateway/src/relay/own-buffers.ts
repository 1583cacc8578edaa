import type { Socket } from 'node:net';

export const READ_BYTES = 65_536;
/** At most so many sockets have a read buffer of their own, which is 16 MiB in all. */
const MOST = 256;
/** A socket earns its own buffer by so many large chunks in a row that were written at once. */
const EARNED = 8;

const OWN = Symbol('own read buffer');

interface Account {
  buffer: Buffer | undefined;
  /** Large chunks in a row that were written at once, up to EARNED. */
  written: number;
}

interface Owner extends Socket {
  [OWN]?: Account;
}

const spare: Buffer[] = [];
let had = 0;

/** A large chunk of the socket was written at once. Returns the socket's own buffer, if it has one by now. */
export function earnOwn(socket: Owner): Buffer | undefined {
  const account = accountOf(socket);
  if (account.written < EARNED) account.written++;
  else if (account.buffer === undefined && had < MOST) {
    had++;
    account.buffer = spare.pop() ?? Buffer.allocUnsafeSlow(READ_BYTES);
  }
  return account.buffer;
}

/** One was not: if the socket has a buffer of its own, that is left to whoever still writes from it. */
export function loseOwn(socket: Owner): void {
  const account = accountOf(socket);
  account.written = 0;
  if (account.buffer !== undefined) had--;
  account.buffer = undefined;
}

/** Whether a socket that hardly needs its own buffer should leave it to others. */
export function allTaken(): boolean {
  return had === MOST;
}

/** The socket's own buffer serves others. Nobody may write from it any more. */
export function returnOwn(socket: Owner): void {
  const { buffer } = accountOf(socket);
  loseOwn(socket);
  if (buffer !== undefined) spare.push(buffer);
}

function accountOf(socket: Owner): Account {
  const present = socket[OWN];
  if (present !== undefined) return present;
  const account = { buffer: undefined, written: 0 };
  socket[OWN] = account;
  socket.once('close', onClose);
  return account;
}

function onClose(this: Socket): void {
  returnOwn(this);
}
