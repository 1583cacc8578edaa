import type { Socket } from 'node:net';

/**
 * Whoever has a socket, and is told what happens on it. A socket keeps its listeners and asks who has it, so neither a
 * connection nor a move makes functions of its own: those would be a quarter of what an idle connection holds.
 */
export interface SocketUser {
  /** A chunk was read. The user owns it unless it returns true, which says that it is done with it. */
  onChunk(chunk: Buffer, socket: Socket): boolean;
  /** Nothing more will be read. */
  onEnd(socket: Socket): void;
  onClose(socket: Socket): void;
  /** All that was written has gone to the kernel. */
  onDrain?(socket: Socket): void;
  /** While it is dialled. */
  onConnect?(socket: Socket): void;
  /** The end or the close follows. */
  onError?(error: Error): void;
}

const USER = Symbol('user');

interface Used extends Socket {
  [USER]: SocketUser;
}

/** Drops what is read, and does nothing. */
export const NOBODY: SocketUser = {
  onChunk: () => true,
  onEnd() {},
  onClose() {},
};

/** From now on this one has the socket, which has got its listeners by `listen`. */
export function giveTo(user: SocketUser, socket: Socket): void {
  (socket as Used)[USER] = user;
}

/** Whoever has a socket. */
export function userOf(socket: Socket): SocketUser {
  return (socket as Used)[USER];
}

/** Gives a socket its listeners, once and for good. Chunks are passed on by whoever reads it; see shared-read.ts. */
export function listen(socket: Socket): void {
  socket.on('end', onEnd).on('close', onClose).on('drain', onDrain);
}

/** The same for a socket that is being dialled. */
export function listenToDialled(socket: Socket): void {
  listen(socket);
  socket.on('connect', onConnect).on('error', onError);
}

function onEnd(this: Socket): void {
  userOf(this).onEnd(this);
}

function onClose(this: Socket): void {
  userOf(this).onClose(this);
}

function onDrain(this: Socket): void {
  userOf(this).onDrain?.(this);
}

function onConnect(this: Socket): void {
  userOf(this).onConnect?.(this);
}

function onError(this: Socket, error: Error): void {
  userOf(this).onError?.(error);
}
