import { setTimeout as sleep } from 'node:timers/promises';
import { WsClusterError } from '@wscluster/ring';
import type { Logger } from '@wscluster/service';
import { backoffMs } from '../backoff.ts';
import { Outage, reasonOf } from '../outage.ts';
import type { AmqpAddress } from './address.ts';
import { type Link, openLink } from './link.ts';
import { amqpProblem } from './problem.ts';
import type { Listener } from './topology.ts';

export interface SessionOptions {
  readonly address: AmqpAddress;
  /** As the broker's list of connections shows it. */
  readonly name: string;
  readonly log: Logger;
  /** Made anew on every connection. */
  readonly listener: Listener;
  onMessage(content: Buffer): void;
  onConnected(): void;
  onDisconnected(): void;
}

/** The longest wait bounds how long after its return a broker is found again. */
const BACKOFF = { minMs: 50, maxMs: 1_500 };

/** Milliseconds after which a connection counts as sound: the next loss is followed by a short wait again. */
const SOUND_MS = 2_000;

/**
 * Keeps a link to the broker until closed, making a new one whenever it is lost.
 *
 * amqplib has a `recovery` of its own, which is not used: it makes connections anew, but neither channels that the
 * broker closed nor consumers that it cancelled; its attempts have no deadline as a whole, so that one which a hanging
 * broker has accepted would be the last; and it can't be ended while it tries.
 */
export class AmqpSession {
  readonly #options: SessionOptions;
  readonly #outage: Outage;
  readonly #stop = new AbortController();
  readonly #firstTry = Promise.withResolvers<void>();
  readonly #ending = new Set<Promise<void>>();
  #link: Link | undefined;
  #down = 'not connected to RabbitMQ yet';
  #blocked = false;
  readonly #running: Promise<void>;
  #closing: Promise<void> | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#outage = new Outage({ what: 'bus', address: options.address.text, log: options.log });
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
      const { address, name, listener } = this.#options;
      try {
        const onBlocked = (why: string | undefined) => this.#onBlocked(why);
        const link = await openLink({ url: address.url, name, listener, onBlocked }, signal);
        const connectedAt = performance.now();
        await this.#live(link);
        if (performance.now() - connectedAt > SOUND_MS) attempt = 0;
      } catch (error) {
        if (!signal.aborted) this.#failed(reasonOf(error));
      }
      this.#firstTry.resolve();
      await sleep(backoffMs(++attempt, BACKOFF), undefined, { signal }).catch(() => {});
    }
  }

  /** Uses a link until it is lost or the session is closed. */
  async #live(link: Link): Promise<void> {
    const { onConnected, onMessage, onDisconnected } = this.#options;
    if (this.#stop.signal.aborted) return await link.close();
    this.#link = link;
    this.#outage.recovered();
    this.#firstTry.resolve();
    onConnected();
    link.listen((content) => {
      if (this.#link === link) onMessage(content);
    });
    const reason = await link.lost;
    if (this.#link !== link) return;
    this.#link = undefined;
    this.#blocked = false;
    this.#failed(reason);
    // Takes its time when the broker hangs; the next link need not wait for it.
    const ending = link.close().then(() => void this.#ending.delete(ending));
    this.#ending.add(ending);
    onDisconnected();
  }

  #failed(reason: string): void {
    const problem = amqpProblem(this.#options.address, reason);
    this.#down = problem.text;
    this.#outage.failed(problem);
  }

  #onBlocked(why: string | undefined): void {
    const { address, log } = this.#options;
    if (this.#blocked === (why !== undefined)) return;
    this.#blocked = why !== undefined;
    if (why === undefined) log.info({ event: 'bus-unblocked', address: address.text }, 'RabbitMQ takes messages again');
    else {
      const action = 'give RabbitMQ memory and disk (rabbitmq-diagnostics alarms); gateways go on with their last ring';
      log.warn({ event: 'bus-blocked', address: address.text, action }, `${address.text}: ${why}`);
    }
  }
}
