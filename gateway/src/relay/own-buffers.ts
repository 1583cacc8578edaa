import type { Socket } from 'node:net';

/** At most so many sockets have a read buffer of their own, which is 16 MiB in all. */
const MOST = 256;
const BYTES = 65_536;

const OWN = Symbol('own read buffer');

interface Owner extends Socket {
  [OWN]?: Buffer | undefined;
}

const spare: Buffer[] = [];
let had = 0;

/** The read buffer that a socket has to itself; undefined if it has none, and all are taken. */
export function ownBuffer(socket: Owner): Buffer | undefined {
  const present = socket[OWN];
  if (present !== undefined || had === MOST) return present;
  if (!(OWN in socket)) socket.once('close', takeFromClosed);
  had++;
  const own = spare.pop() ?? Buffer.allocUnsafeSlow(BYTES);
  socket[OWN] = own;
  return own;
}

/** Whether a socket that hardly needs its own buffer should leave it to others. */
export function allTaken(): boolean {
  return had === MOST;
}

/** Ends that a socket has a buffer of its own, if it has; the memory serves again. */
export function takeBack(socket: Owner): void {
  const own = lose(socket);
  if (own !== undefined) spare.push(own);
}

/** The same for a buffer whose memory is still in use. */
export function lose(socket: Owner): Buffer | undefined {
  const own = socket[OWN];
  if (own === undefined) return undefined;
  had--;
  socket[OWN] = undefined;
  return own;
}

function takeFromClosed(this: Socket): void {
  takeBack(this);
}
