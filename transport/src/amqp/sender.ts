import { messageOf, WsClusterError } from '@wscluster/ring';
import { within } from '@wscluster/service';
import type { ConfirmChannel } from 'amqplib';

/** Milliseconds in which the broker must confirm a message. */
const CONFIRM_MS = 2_000;

/** Bytes that may wait for confirmation before more are refused. */
const MAX_WAITING_BYTES = 32 * 1024 * 1024;

/** Not kept on disk: a follower that was absent reads the store. */
const PROPERTIES = { contentType: 'application/json', persistent: false } as const;

/** Sends messages on one channel and knows which of them the broker has confirmed. */
export class Sender {
  readonly #channel: ConfirmChannel;
  /** For each waiting message, how to refuse it, and its size in bytes. */
  readonly #waiting = new Map<(why: string) => void, number>();
  #waitingBytes = 0;
  #blocked: string | undefined;
  #onIdle: (() => void) | undefined;

  constructor(channel: ConfirmChannel) {
    this.#channel = channel;
  }

  /**
   * Resolves once the broker has the message; rejects with BUS_UNAVAILABLE, at once or after 2 s. A message that was
   * refused late may still arrive.
   */
  send(exchange: string, content: Buffer): Promise<void> {
    if (this.#blocked !== undefined) return unavailable(this.#blocked);
    if (this.#waitingBytes > 0 && this.#waitingBytes + content.length > MAX_WAITING_BYTES)
      return unavailable('RabbitMQ does not keep up with the messages sent');
    return new Promise((resolve, reject) => {
      const settle = () => {
        clearTimeout(timer);
        if (this.#waiting.delete(refuse)) this.#waitingBytes -= content.length;
        if (this.#waiting.size === 0) this.#onIdle?.();
      };
      const refuse = (why: string) => {
        settle();
        reject(new WsClusterError('BUS_UNAVAILABLE', why));
      };
      const timer = setTimeout(() => refuse(`RabbitMQ did not confirm within ${CONFIRM_MS} ms`), CONFIRM_MS);
      this.#waiting.set(refuse, content.length);
      this.#waitingBytes += content.length;
      try {
        this.#channel.publish(exchange, '', content, PROPERTIES, (error) => {
          if (error) return refuse(`RabbitMQ did not accept the message: ${messageOf(error)}`);
          settle();
          resolve();
        });
      } catch (error) {
        refuse(messageOf(error));
      }
    });
  }

  /** The broker has stopped reading: waiting messages are refused, and so are new ones. `undefined` ends this. */
  block(why: string | undefined): void {
    this.#blocked = why;
    if (why !== undefined) for (const refuse of [...this.#waiting.keys()]) refuse(why);
  }

  /** Waits until the broker has all messages, for at most `deadlineMs`. */
  async drain(deadlineMs: number): Promise<void> {
    if (this.#waiting.size === 0) return;
    const idle = new Promise<void>((resolve) => {
      this.#onIdle = resolve;
    });
    await within(deadlineMs, idle);
  }
}

function unavailable(why: string): Promise<never> {
  return Promise.reject(new WsClusterError('BUS_UNAVAILABLE', why));
}
