import { setTimeout as sleep } from 'node:timers/promises';
import { WsClusterError } from '@wscluster/ring';
import { InProgress, type Logger, type TextSource, Trouble } from '@wscluster/service';
import { backoffMs } from '../backoff.ts';
import { LiveAddress } from '../live-address.ts';
import { Outage, reasonOf } from '../outage.ts';
import { type AmqpAddress, parseAmqpUrl } from './address.ts';
import { type AmqpConnection, openConnection } from './connection.ts';
import { deferred } from './deferred.ts';
import { HEARTBEAT_SECONDS, RECONNECT } from './options.ts';
import { amqpProblem } from './problem.ts';
import { type Reached, Successor } from './successor.ts';
import type { Listener } from './topology.ts';

export interface SessionOptions {
  readonly url: TextSource;
  /** Its name in the broker's list of connections. */
  readonly name: string;
  readonly log: Logger;
  /** Set up again on every connection. */
  readonly listener: Listener;
  onMessage(content: Buffer): void;
  /** Also called when one connection has replaced another, without onDisconnected in between. */
  onConnected(): void;
  onDisconnected(): void;
}

/** Milliseconds after which a connection counts as stable: after its loss the back-off starts over. */
const SOUND_MS = 2_000;

/**
 * Keeps a connection to the broker until closed. It makes a new one whenever the connection is lost or the URL has
 * changed; in the latter case the old connection serves until the new one does.
 *
 * It does not use amqplib's own `recovery`, which restores connections, but neither channels that the broker closed nor
 * consumers that it cancelled. Its attempts have no overall deadline, so that one accepted by a hanging broker would be
 * the last; and it cannot be stopped during an attempt.
 */
export class AmqpSession {
  readonly #options: SessionOptions;
  readonly #address: LiveAddress<AmqpAddress>;
  readonly #outage: Outage;
  readonly #blockage: Trouble;
  readonly #stop = new AbortController();
  readonly #firstTry = deferred<void>();
  readonly #ending = new InProgress();
  #connection: AmqpConnection | undefined;
  /** Since when messages pass, monotonic ms; undefined while they do not. */
  #passingSince: number | undefined;
  #down = 'not connected to RabbitMQ yet';
  readonly #running: Promise<void>;
  #closing: Promise<void> | undefined;

  /** Throws CONFIG_INVALID for an invalid URL. */
  constructor(options: SessionOptions) {
    const { url, log } = options;
    this.#options = options;
    this.#address = new LiveAddress({ what: 'bus', url, parse: (text) => parseAmqpUrl(text, HEARTBEAT_SECONDS), log });
    this.#outage = new Outage({ what: 'bus', log });
    this.#blockage = new Trouble(log);
    this.#running = this.#run();
  }

  get connected(): boolean {
    return this.#connection !== undefined;
  }

  /** Since when it has been connected and not blocked, monotonic ms; undefined while it is not. */
  get connectedSince(): number | undefined {
    return this.#passingSince;
  }

  /** Settles once the first attempt to connect has succeeded or failed. */
  get firstTry(): Promise<void> {
    return this.#firstTry.promise;
  }

  /** Resolves once the broker has the message; rejects with BUS_UNAVAILABLE within about 2 s. */
  send(exchange: string, message: object): Promise<void> {
    if (this.#connection === undefined) return Promise.reject(new WsClusterError('BUS_UNAVAILABLE', this.#down));
    return this.#connection.sender.send(exchange, Buffer.from(JSON.stringify(message)));
  }

  /** Waits briefly until the broker has all messages. No handler is called from now on. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const connection = this.#connection;
    this.#connection = undefined;
    this.#passingSince = undefined;
    this.#down = 'the bus is closed';
    this.#stop.abort();
    this.#firstTry.resolve();
    await connection?.close();
    await this.#running;
    await this.#ending.settled();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    let attempt = 0;
    while (!signal.aborted) {
      const address = this.#address.value;
      try {
        const connection = await this.#open(address, signal);
        const connectedAt = performance.now();
        let current: Reached | undefined = { connection, address };
        while (current !== undefined) current = await this.#live(current);
        if (performance.now() - connectedAt > SOUND_MS) attempt = 0;
      } catch (error) {
        if (!signal.aborted) this.#failed(address, reasonOf(error));
      }
      this.#firstTry.resolve();
      await sleep(backoffMs(++attempt, RECONNECT), undefined, { signal }).catch(() => {});
    }
  }

  #open({ url }: AmqpAddress, signal: AbortSignal): Promise<AmqpConnection> {
    const { name, listener } = this.#options;
    return openConnection({ url, name, listener }, signal);
  }

  /** Uses a connection until it is lost, the session is closed, or a newer URL has one, which is returned. */
  async #live({ connection, address }: Reached): Promise<Reached | undefined> {
    const { onConnected, onMessage, onDisconnected, log } = this.#options;
    if (this.#stop.signal.aborted) {
      await connection.close();
      return undefined;
    }
    const former = this.#connection;
    this.#connection = connection;
    this.#outage.recovered(address.text);
    this.#firstTry.resolve();
    connection.onBlocked = () => {
      if (this.#connection === connection) this.#noteBlocked(address, connection.blocked);
    };
    connection.onBlocked();
    if (former !== undefined) this.#end(former);
    onConnected();
    connection.listen((content) => {
      if (this.#connection === connection) onMessage(content);
    });
    const successor = new Successor({
      former: address,
      address: this.#address,
      open: (newer, signal) => this.#open(newer, signal),
      log,
    });
    const lost = await Promise.race([connection.lost, successor.found]);
    const next = await successor.take();
    if (this.#connection !== connection) {
      await next?.connection.close();
      return undefined;
    }
    // Even if the connection is lost at the same moment: the new one replaces it without a gap.
    if (next !== undefined) return next;
    this.#connection = undefined;
    this.#passingSince = undefined;
    this.#blockage.recovered();
    this.#failed(address, typeof lost === 'string' ? lost : 'the connection was closed');
    this.#end(connection);
    onDisconnected();
    return undefined;
  }

  /** This may take a while if the broker hangs; the next connection does not wait for it. */
  #end(connection: AmqpConnection): void {
    this.#ending.add(connection.close());
  }

  #failed(address: AmqpAddress, reason: string): void {
    const problem = amqpProblem(address, reason);
    this.#down = problem.text;
    this.#outage.failed(problem);
  }

  #noteBlocked({ text: address }: AmqpAddress, why: string | undefined): void {
    this.#passingSince = why === undefined ? (this.#passingSince ?? performance.now()) : undefined;
    const action = 'give RabbitMQ more memory or disk (see rabbitmq-diagnostics alarms); gateways keep their last ring';
    if (why === undefined)
      this.#blockage.recovered({ event: 'bus-unblocked', address }, 'RabbitMQ accepts messages again');
    else this.#blockage.failed({ event: 'bus-blocked', address, action }, `${address}: ${why}`);
  }
}
