import { setTimeout as sleep } from 'node:timers/promises';
import { WsClusterError } from '@wscluster/ring';
import { type Logger, type TextSource, Trouble } from '@wscluster/service';
import { backoffMs } from '../backoff.ts';
import { LiveAddress } from '../live-address.ts';
import { Outage, reasonOf } from '../outage.ts';
import { type AmqpAddress, parseAmqpUrl } from './address.ts';
import { type Link, openLink } from './link.ts';
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
 * Keeps a link to the broker until closed. It makes a new one whenever the link is lost or the URL has changed; in the
 * latter case the old link serves until the new one does.
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
  readonly #firstTry = Promise.withResolvers<void>();
  readonly #ending = new Set<Promise<void>>();
  #link: Link | undefined;
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
    return this.#link !== undefined;
  }

  /** Settles once the first attempt to connect has succeeded or failed. */
  get firstTry(): Promise<void> {
    return this.#firstTry.promise;
  }

  /** Resolves once the broker has the message; rejects with BUS_UNAVAILABLE within about 2 s. */
  send(exchange: string, message: object): Promise<void> {
    if (this.#link === undefined) return Promise.reject(new WsClusterError('BUS_UNAVAILABLE', this.#down));
    return this.#link.sender.send(exchange, Buffer.from(JSON.stringify(message)));
  }

  /** Waits briefly until the broker has all messages. No handler is called from now on. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const link = this.#link;
    this.#link = undefined;
    this.#down = 'the bus is closed';
    this.#stop.abort();
    this.#firstTry.resolve();
    await link?.close();
    await this.#running;
    await Promise.all(this.#ending);
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    let attempt = 0;
    while (!signal.aborted) {
      const address = this.#address.value;
      try {
        const link = await this.#open(address, signal);
        const connectedAt = performance.now();
        let current: Reached | undefined = { link, address };
        while (current !== undefined) current = await this.#live(current);
        if (performance.now() - connectedAt > SOUND_MS) attempt = 0;
      } catch (error) {
        if (!signal.aborted) this.#failed(address, reasonOf(error));
      }
      this.#firstTry.resolve();
      await sleep(backoffMs(++attempt, RECONNECT), undefined, { signal }).catch(() => {});
    }
  }

  #open({ url }: AmqpAddress, signal: AbortSignal): Promise<Link> {
    const { name, listener } = this.#options;
    return openLink({ url, name, listener }, signal);
  }

  /** Uses a link until it is lost, the session is closed, or there is a link for a newer URL, which is returned. */
  async #live({ link, address }: Reached): Promise<Reached | undefined> {
    const { onConnected, onMessage, onDisconnected, log } = this.#options;
    if (this.#stop.signal.aborted) {
      await link.close();
      return undefined;
    }
    const former = this.#link;
    this.#link = link;
    this.#outage.recovered(address.text);
    this.#firstTry.resolve();
    link.onBlocked = () => {
      if (this.#link === link) this.#noteBlocked(address, link.blocked);
    };
    link.onBlocked();
    if (former !== undefined) this.#end(former);
    onConnected();
    link.listen((content) => {
      if (this.#link === link) onMessage(content);
    });
    const successor = new Successor({
      former: address,
      address: this.#address,
      open: (newer, signal) => this.#open(newer, signal),
      log,
    });
    const lost = await Promise.race([link.lost, successor.found]);
    const next = await successor.take();
    if (this.#link !== link) {
      await next?.link.close();
      return undefined;
    }
    // Even if the link is lost at the same moment: the new one replaces it without a gap.
    if (next !== undefined) return next;
    this.#link = undefined;
    this.#blockage.recovered();
    this.#failed(address, typeof lost === 'string' ? lost : 'the connection was closed');
    this.#end(link);
    onDisconnected();
    return undefined;
  }

  /** This may take a while if the broker hangs; the next link does not wait for it. */
  #end(link: Link): void {
    const ending = link.close().then(() => void this.#ending.delete(ending));
    this.#ending.add(ending);
  }

  #failed(address: AmqpAddress, reason: string): void {
    const problem = amqpProblem(address, reason);
    this.#down = problem.text;
    this.#outage.failed(problem);
  }

  #noteBlocked({ text: address }: AmqpAddress, why: string | undefined): void {
    const action = 'give RabbitMQ more memory or disk (see rabbitmq-diagnostics alarms); gateways keep their last ring';
    if (why === undefined)
      this.#blockage.recovered({ event: 'bus-unblocked', address }, 'RabbitMQ accepts messages again');
    else this.#blockage.failed({ event: 'bus-blocked', address, action }, `${address}: ${why}`);
  }
}
