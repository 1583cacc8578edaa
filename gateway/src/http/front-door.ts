import type { Socket } from 'node:net';
import { Roster } from '../roster.ts';
import type { OneATurn, Waiter } from './one-a-turn.ts';
import type { RequestHead } from './request-head.ts';
import { readUpgradeHead } from './upgrade-head.ts';

export interface DoorEvents {
  /** The head of a WebSocket upgrade has arrived, and nothing behind it. */
  onUpgrade(head: RequestHead, socket: Socket): void;
  /** Anything else. Whoever takes the socket then gets all that has arrived, by its push(). */
  onHttp(socket: Socket): void;
}

/**
 * Where accepted sockets wait for their first bytes. A WebSocket upgrade is read right here. Only other requests need
 * Node's HTTP parser, whose objects and listeners cost more than anything else in a handshake.
 */
export class FrontDoor {
  readonly heads: OneATurn;
  readonly events: DoorEvents;
  /** Sockets that have sent nothing. */
  readonly #silent = new Roster<Arrival>();
  #sweeps = 0;

  /** `heads`: of all sockets; an upgrade waits for its turn like any other request. */
  constructor(heads: OneATurn, events: DoorEvents) {
    this.heads = heads;
    this.events = events;
  }

  enter(socket: Socket): void {
    this.#silent.add(new Arrival(this, socket, this.#sweeps));
  }

  /** It has sent something, or has ended. */
  heard(arrival: Arrival): void {
    this.#silent.delete(arrival);
  }

  /** Leaves sockets that have sent nothing since the call before to HTTP, which has a clock for them. */
  sweep(): void {
    const late = [...this.#silent].filter(({ since }) => since < this.#sweeps);
    this.#sweeps++;
    for (const arrival of late) arrival.leave();
  }
}

/** A socket until its first bytes say what it wants. */
class Arrival implements Waiter {
  /** The number of the sweep before. */
  readonly since: number;
  readonly #door: FrontDoor;
  readonly #socket: Socket;
  readonly #push: Socket['push'];
  #head: RequestHead | undefined;
  /** What `head` was read from. */
  #chunk: Buffer | undefined;
  #gone = false;

  constructor(door: FrontDoor, socket: Socket, since: number) {
    this.#door = door;
    this.#socket = socket;
    this.since = since;
    this.#push = socket.push;
    // The chunk is taken from the socket before its stream has it, so that the stream is as new for whoever comes next.
    socket.push = (chunk: Buffer | null) => this.#take(chunk);
  }

  /** It is the upgrade's turn. */
  begin(): void {
    if (this.#gone || this.#head === undefined || this.#socket.destroyed) return;
    this.#go();
    this.#door.events.onUpgrade(this.#head, this.#socket);
  }

  /** To HTTP, with what has arrived. */
  leave(): void {
    this.#door.heard(this);
    this.#go();
    if (this.#socket.destroyed) return;
    this.#door.events.onHttp(this.#socket);
    if (this.#chunk !== undefined) this.#socket.push(this.#chunk);
  }

  #take(chunk: Buffer | null): boolean {
    this.#door.heard(this);
    this.#head = chunk === null || this.#chunk !== undefined ? undefined : readUpgradeHead(chunk, this.#socket);
    if (this.#head === undefined || chunk === null) {
      this.leave();
      return this.#socket.push(chunk);
    }
    this.#chunk = chunk;
    if (this.#door.heads.take()) this.begin();
    else this.#door.heads.wait(this);
    return true;
  }

  #go(): void {
    this.#gone = true;
    this.#socket.push = this.#push;
  }
}
