import { withDeadline, within } from '@wscluster/service';
import { type ChannelModel, type ConfirmChannel, connect } from 'amqplib';
import { reasonOf } from '../outage.ts';
import { Sender } from './sender.ts';
import { bindQueue, declareQueue, type Listener } from './topology.ts';

export interface LinkOptions {
  /** With credentials. */
  readonly url: string;
  /** As the broker's list of connections shows it. */
  readonly name: string;
  readonly listener: Listener;
}

/** Milliseconds that a broker may be silent during the handshake, and that opening may take in all. */
const HANDSHAKE_SILENCE_MS = 3_000;
const OPEN_DEADLINE_MS = 5_000;

/** Milliseconds for what was sent to be confirmed when the link is closed, and again for the broker to say goodbye. */
const CLOSE_DEADLINE_MS = 500;

/**
 * Milliseconds without a message, of which one a second is usual, after which the binding is made once more: an exchange
 * that was deleted and made anew has lost it, which the broker tells nobody.
 */
const SILENCE_MS = 5_000;

/**
 * One life of a connection with its one channel and its consumer. When one of the three is lost the whole is: one way to
 * recover is easier to be sure of than three.
 */
export class Link {
  /** Resolves with the reason when the link is lost; never rejects. */
  get lost(): Promise<string> {
    return this.#loss.promise;
  }
  readonly sender: Sender;
  /** Why the broker takes no messages now; undefined while it does. */
  blocked: string | undefined;
  /** `blocked` has changed. */
  onBlocked: (() => void) | undefined;
  readonly #model: ChannelModel;
  readonly #cut: AbortController;
  readonly #loss: Loss;
  #heardAt = performance.now();
  #silenceTimer: NodeJS.Timeout | undefined;
  #early: Buffer[] | undefined = [];
  #onMessage = (content: Buffer): void => void this.#early?.push(content);

  /** For openLink. `loss` is settled by whoever finds that the link is lost. */
  constructor(model: ChannelModel, channel: ConfirmChannel, cut: AbortController, loss: Loss) {
    this.sender = new Sender(channel);
    this.#loss = loss;
    this.#model = model;
    this.#cut = cut;
  }

  /** To be called once. What came before is delivered now, so that nothing overtakes the news of the connection. */
  listen(onMessage: (content: Buffer) => void): void {
    this.#onMessage = onMessage;
    for (const content of this.#early ?? []) onMessage(content);
    this.#early = undefined;
  }

  deliver(content: Buffer): void {
    this.#heardAt = performance.now();
    this.#onMessage(content);
  }

  checkWhenSilent(check: () => Promise<void>): void {
    let checking = false;
    this.#silenceTimer = setInterval(async () => {
      if (checking || performance.now() - this.#heardAt < SILENCE_MS) return;
      checking = true;
      await check().catch(() => {}); // then the channel is closed, which is noticed
      checking = false;
    }, SILENCE_MS / 2);
  }

  /** Waits shortly for confirmations, says goodbye, and destroys the socket. Does not fail. */
  async close(): Promise<void> {
    clearInterval(this.#silenceTimer);
    await this.sender.drain(CLOSE_DEADLINE_MS);
    await within(
      CLOSE_DEADLINE_MS,
      this.#model.close().catch(() => {}),
    );
    this.#cut.abort();
    this.#loss.resolve('the link is closed');
  }
}

type Loss = PromiseWithResolvers<string>;

/** Rejects when the broker can't be reached, refuses or takes longer than 5 s, or when `signal` is aborted. */
export async function openLink(options: LinkOptions, signal: AbortSignal): Promise<Link> {
  // amqplib can't give up a connection that is being opened, and only half-closes its socket, which a hanging broker
  // never answers. Aborting destroys the socket in every state.
  const cut = new AbortController();
  const late = () => new Error(`RabbitMQ has not answered within ${OPEN_DEADLINE_MS} ms`);
  try {
    return await withDeadline({ ms: OPEN_DEADLINE_MS, late, signal }, () => open(options, cut));
  } catch (error) {
    cut.abort();
    throw error;
  }
}

async function open({ url, name, listener }: LinkOptions, cut: AbortController): Promise<Link> {
  const socketOptions = {
    noDelay: true,
    timeout: HANDSHAKE_SILENCE_MS,
    clientProperties: { connection_name: name },
    // Handed on to the socket, which the types do not tell.
    signal: cut.signal,
  };
  const model = await connect(url, socketOptions);
  const loss: Loss = Promise.withResolvers();
  let reason: string | undefined;
  const note = (error: Error) => {
    reason ??= reasonOf(error);
  };
  model.on('error', note);
  model.on('close', (error) => loss.resolve(reason ?? (error ? reasonOf(error) : 'the connection is closed')));

  const channel = await model.createConfirmChannel();
  channel.on('error', note);
  // A connection that ends closes its channel first, and says why a moment later.
  channel.on('close', () => queueMicrotask(() => loss.resolve(reason ?? 'RabbitMQ closed the channel')));
  const link = new Link(model, channel, cut, loss);
  const block = (why: string | undefined) => {
    link.blocked = why;
    link.sender.block(why);
    link.onBlocked?.();
  };
  model.on('blocked', (why) => block(`RabbitMQ takes no messages now (${why})`));
  model.on('unblocked', () => block(undefined));

  const queue = await declareQueue(channel, listener);
  await channel.consume(
    queue,
    (message) => {
      if (message === null) loss.resolve('RabbitMQ cancelled the consumer, since its queue is gone');
      else link.deliver(message.content);
    },
    // Acknowledged by being sent: what can't be read is never delivered again.
    { noAck: true, exclusive: true },
  );
  link.checkWhenSilent(() => bindQueue(channel, listener, queue));
  return link;
}
