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
  /** As the broker's list of connections shows it. */
  readonly name: string;
  readonly log: Logger;
  /** Made anew on every connection. */
  readonly listener: Listener;
  onMessage(content: Buffer): void;
  /** Also when one connection has taken the place of another, without onDisconnected between. */
  onConnected(): void;
  onDisconnected(): void;
}

/** Milliseconds after which a connection counts as sound: the next loss is followed by a short wait again. */
const SOUND_MS = 2_000;

/**
 * Keeps a link to the broker until closed, making a new one whenever it is lost, or when the URL has changed: then the
 * old one serves until the new one does.
 *
 * amqplib has a `recovery` of its own, which is not used: it makes connections anew, but neither channels that the
 * broker closed nor consumers that it cancelled; its attempts have no deadline as a whole, so that one which a hanging
 * broker has accepted would be the last; and it can't be ended while it tries.
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

  /** Throws CONFIG_INVALID for a URL that is none. */
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

  /** Settled once the first try to connect has succeeded or failed. */
  get firstTry(): Promise<void> {
    return this.#firstTry.promise;
  }

  /** Resolves once the broker has the message; rejects with BUS_UNAVAILABLE within about 2 s. */
  send(exchange: string, message: object): Promise<void> {
    if (this.#link === undefined) return Promise.reject(new WsClusterError('BUS_UNAVAILABLE', this.#down));
    return this.#link.sender.send(exchange, Buffer.from(JSON.stringify(message)));
  }

  /** Waits shortly until the broker has what was sent. No handler is called from now on. */
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

  /** Uses a link until it is lost, the session is closed, or there is a link by a newer URL, which is returned. */
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
    // Also when the link is lost at the same moment: its place is taken without a gap.
    if (next !== undefined) return next;
    this.#link = undefined;
    this.#blockage.recovered();
    this.#failed(address, typeof lost === 'string' ? lost : 'the connection is closed');
    this.#end(link);
    onDisconnected();
    return undefined;
  }

  /** Takes its time when the broker hangs; the next link need not wait for it. */
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
    const action = 'give RabbitMQ memory and disk (rabbitmq-diagnostics alarms); gateways go on with their last ring';
    if (why === undefined)
      this.#blockage.recovered({ event: 'bus-unblocked', address }, 'RabbitMQ takes messages again');
    else this.#blockage.failed({ event: 'bus-blocked', address, action }, `${address}: ${why}`);
  }
}
