import { withDeadline, within } from '@wscluster/service';
import { type ChannelModel, type ConfirmChannel, connect } from 'amqplib';
import { reasonOf } from '../outage.ts';
import { type Deferred, deferred } from './deferred.ts';
import { Sender } from './sender.ts';
import { bindQueue, declareQueue, type Listener } from './topology.ts';

export interface ConnectionOptions {
  /** With credentials. */
  readonly url: string;
  /** Its name in the broker's list of connections. */
  readonly name: string;
  readonly listener: Listener;
}

/** Milliseconds for which the broker may be silent during the handshake, and which opening may take in total. */
const HANDSHAKE_SILENCE_MS = 3_000;
const OPEN_DEADLINE_MS = 5_000;

/** Milliseconds that closing waits for confirmations, and then again for the broker's goodbye. */
const CLOSE_DEADLINE_MS = 500;

/**
 * Usually a message arrives every second. After this many milliseconds without one the queue is bound again: if an
 * exchange was deleted and recreated, its bindings are lost, and the broker tells nobody.
 */
const SILENCE_MS = 5_000;

/**
 * One connection with its one channel and its consumer. If any of the three is lost, all are: one way to recover is
 * easier to get right than three.
 */
export class AmqpConnection {
  /** Resolves with the reason when the connection is lost; never rejects. */
  get lost(): Promise<string> {
    return this.#loss.promise;
  }
  readonly sender: Sender;
  /** Why the broker accepts no messages at the moment; undefined while it does. */
  blocked: string | undefined;
  /** `blocked` has changed. */
  onBlocked: (() => void) | undefined;
  readonly #model: ChannelModel;
  readonly #cut: AbortController;
  readonly #loss: Deferred<string>;
  #heardAt = performance.now();
  #silenceTimer: NodeJS.Timeout | undefined;
  #early: Buffer[] | undefined = [];
  #onMessage = (content: Buffer): void => {
    this.#early?.push(content);
  };

  /** Only openConnection calls it. Whoever notices that the connection is lost settles `loss`. */
  constructor(model: ChannelModel, channel: ConfirmChannel, cut: AbortController, loss: Deferred<string>) {
    this.sender = new Sender(channel);
    this.#loss = loss;
    this.#model = model;
    this.#cut = cut;
  }

  /**
   * Call this once. It first delivers the messages that have already arrived, so that none of them overtakes
   * onConnected.
   */
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
      await check().catch(() => {}); // if it fails, the channel closes, and that is noticed
      checking = false;
    }, SILENCE_MS / 2);
  }

  /** Waits briefly for confirmations, says goodbye, and destroys the socket. Never fails. */
  async close(): Promise<void> {
    clearInterval(this.#silenceTimer);
    await this.sender.drain(CLOSE_DEADLINE_MS);
    await within(
      CLOSE_DEADLINE_MS,
      this.#model.close().catch(() => {}),
    );
    this.#cut.abort();
    this.#loss.resolve('the connection is closed');
  }
}

/** Rejects if the broker cannot be reached, refuses or takes longer than 5 s, or if `signal` is aborted. */
export async function openConnection(options: ConnectionOptions, signal: AbortSignal): Promise<AmqpConnection> {
  // amqplib cannot give up a connection while it opens, and only half-closes its socket, which a hanging broker never
  // answers. Aborting destroys the socket in every state.
  const cut = new AbortController();
  const late = () => new Error(`RabbitMQ did not answer within ${OPEN_DEADLINE_MS} ms`);
  try {
    return await withDeadline({ ms: OPEN_DEADLINE_MS, late, signal }, () => open(options, cut));
  } catch (error) {
    cut.abort();
    throw error;
  }
}

async function open({ url, name, listener }: ConnectionOptions, cut: AbortController): Promise<AmqpConnection> {
  const socketOptions = {
    noDelay: true,
    timeout: HANDSHAKE_SILENCE_MS,
    clientProperties: { connection_name: name },
    // Passed on to the socket, though the types do not say so.
    signal: cut.signal,
  };
  const model = await connect(url, socketOptions);
  const loss = deferred<string>();
  let reason: string | undefined;
  const note = (error: Error) => {
    reason ??= reasonOf(error);
  };
  model.on('error', note);
  model.on('close', (error) => loss.resolve(reason ?? (error ? reasonOf(error) : 'the connection was closed')));

  const channel = await model.createConfirmChannel();
  channel.on('error', note);
  // A connection that ends closes its channel first and gives the reason a moment later.
  channel.on('close', () => queueMicrotask(() => loss.resolve(reason ?? 'RabbitMQ closed the channel')));
  const connection = new AmqpConnection(model, channel, cut, loss);
  const block = (why: string | undefined) => {
    connection.blocked = why;
    connection.sender.block(why);
    connection.onBlocked?.();
  };
  model.on('blocked', (why) => block(`RabbitMQ accepts no messages at the moment (${why})`));
  model.on('unblocked', () => block(undefined));

  const queue = await declareQueue(channel, listener);
  await channel.consume(
    queue,
    (message) => {
      if (message === null) loss.resolve('RabbitMQ cancelled the consumer because its queue is gone');
      else connection.deliver(message.content);
    },
    // Messages count as acknowledged once sent, so an unreadable one is never redelivered.
    { noAck: true, exclusive: true },
  );
  connection.checkWhenSilent(() => bindQueue(channel, listener, queue));
  return connection;
}
