import { messageOf, WsClusterError } from '@wscluster/ring';
import { within } from '@wscluster/service';
import type { ConfirmChannel } from 'amqplib';

/** Milliseconds for the broker to confirm a message. */
const CONFIRM_MS = 2_000;

/** Bytes that may wait for confirmation before more are refused. */
const MAX_WAITING_BYTES = 32 * 1024 * 1024;

/** Not kept on a disk: who was absent reads the store. */
const PROPERTIES = { contentType: 'application/json', persistent: false } as const;

/** Sends messages on one channel, and knows which of them the broker has. */
export class Sender {
  readonly #channel: ConfirmChannel;
  /** How to refuse what waits, and its bytes. */
  readonly #waiting = new Map<(why: string) => void, number>();
  #waitingBytes = 0;
  #blocked: string | undefined;
  #onIdle: (() => void) | undefined;

  constructor(channel: ConfirmChannel) {
    this.#channel = channel;
  }

  /**
   * Resolves once the broker has the message; rejects with BUS_UNAVAILABLE, at once or after 2 s. What was refused late
   * may still arrive.
   */
  send(exchange: string, content: Buffer): Promise<void> {
    if (this.#blocked !== undefined) return unavailable(this.#blocked);
    if (this.#waitingBytes > 0 && this.#waitingBytes + content.length > MAX_WAITING_BYTES)
      return unavailable('RabbitMQ does not keep up with what is sent');
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
      const timer = setTimeout(() => refuse(`RabbitMQ has not confirmed within ${CONFIRM_MS} ms`), CONFIRM_MS);
      this.#waiting.set(refuse, content.length);
      this.#waitingBytes += content.length;
      try {
        this.#channel.publish(exchange, '', content, PROPERTIES, (error) => {
          if (error) return refuse(`RabbitMQ has not taken the message: ${messageOf(error)}`);
          settle();
          resolve();
        });
      } catch (error) {
        refuse(messageOf(error));
      }
    });
  }

  /** The broker reads nothing more for a time: what waits is refused, and so is what follows. `undefined` ends it. */
  block(why: string | undefined): void {
    this.#blocked = why;
    if (why !== undefined) for (const refuse of [...this.#waiting.keys()]) refuse(why);
  }

  /** Waits until the broker has all that was sent, at most so many milliseconds. */
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
