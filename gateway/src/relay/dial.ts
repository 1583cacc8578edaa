import type { Socket } from 'node:net';
import { messageOf, WsClusterError } from '@wscluster/ring';
import type { HostPort } from '@wscluster/service';
import { asWsClusterError, descriptorsExhausted } from '../errors.ts';
import type { Limits } from '../limits.ts';
import { PatientTimer } from '../patient-timer.ts';
import { type Answer, AnswerReader, check101 } from './answer-head.ts';
import { writeTo } from './direct-write.ts';
import { dialOwner } from './owner-socket.ts';
import { giveTo, NOBODY, type SocketUser } from './socket-user.ts';

/** How an upgrade attempt at the owner ended. */
export type DialOutcome =
  /**
   * The 101 is valid. `rest` arrived right after it. The receiver gives the socket to somebody before it returns.
   */
  | ({ readonly kind: 'upgraded'; readonly socket: Socket } & Answer)
  /** Any other answer, to pass on or drop. */
  | ({ readonly kind: 'answered'; readonly socket: Socket } & Answer)
  /** The attempt is over. `unanswered`: the owner sent no byte, so another owner may be tried. */
  | { readonly kind: 'failed'; readonly error: WsClusterError; readonly unanswered: boolean };

/** The owner may change while it is dialled for a connection that is open already; then the next one is. */
export const MAX_DIALS = 3;

/** The node says that it no longer owns the key. */
export function isLost(outcome: DialOutcome): outcome is DialOutcome & { kind: 'answered' } {
  return outcome.kind === 'answered' && outcome.head.status === 421;
}

/** Whether a ring with another owner may be on its way: the node did not say a word, or has lost the key. */
export function mayHaveAnotherOwner(outcome: DialOutcome): boolean {
  return (outcome.kind === 'failed' && outcome.unanswered) || isLost(outcome);
}

export interface DialRequest {
  readonly address: HostPort;
  /** The complete head of the request. */
  readonly text: string;
  readonly webSocketKey: string;
}

/**
 * Dials the owner, sends the upgrade and reads the head of the answer. Calls `done` once, after this call has returned.
 * The returned function abandons the attempt; `done` is then not called.
 */
export function dial(request: DialRequest, limits: Limits, done: (outcome: DialOutcome) => void): () => void {
  const attempt = new Dial(request, limits, done);
  return () => attempt.abandon();
}

class Dial implements SocketUser {
  readonly #request: DialRequest;
  readonly #limits: Limits;
  readonly #done: (outcome: DialOutcome) => void;
  readonly #socket: Socket;
  readonly #reader: AnswerReader;
  #cause: Error | undefined;
  readonly #timer = new PatientTimer();

  constructor(request: DialRequest, limits: Limits, done: (outcome: DialOutcome) => void) {
    this.#request = request;
    this.#limits = limits;
    this.#done = done;
    this.#reader = new AnswerReader(limits.answerHeadBytes);
    this.#socket = dialOwner(request.address, this);
    const { connectMs } = limits;
    this.#timer.start(connectMs, () => this.#timeOut(`could not connect to the owner within ${connectMs} ms`));
  }

  onConnect(): void {
    const { answerMs } = this.#limits;
    this.#timer.start(answerMs, () => this.#timeOut(`the owner did not answer within ${answerMs} ms`));
    writeTo(this.#socket, Buffer.from(this.#request.text, 'latin1'));
  }

  onChunk(chunk: Buffer): boolean {
    let answer: Answer | undefined;
    try {
      answer = this.#reader.push(chunk);
      if (answer?.head.status === 101) check101(answer.head, this.#request.webSocketKey);
    } catch (error) {
      this.#fail(asWsClusterError(error), false);
      return false;
    }
    if (answer === undefined) return false;
    this.#release();
    this.#done({ kind: answer.head.status === 101 ? 'upgraded' : 'answered', socket: this.#socket, ...answer });
    return false;
  }

  onError(error: Error): void {
    this.#cause = error;
  }

  onEnd(): void {
    this.#broken();
  }

  onClose(): void {
    this.#broken();
  }

  abandon(): void {
    this.#release();
    this.#socket.destroy();
  }

  #broken(): void {
    if (this.#reader.started) {
      this.#fail(new WsClusterError('OWNER_PROTOCOL', 'the owner disconnected within the head of its answer'), false);
      return;
    }
    const cause = this.#cause;
    const exhausted = cause && descriptorsExhausted(cause);
    if (exhausted !== undefined) {
      this.#fail(exhausted, false);
      return;
    }
    const why = cause === undefined ? 'closed the connection without an answer' : messageOf(cause);
    const message = `the owner of the key cannot be reached: ${why}`;
    this.#fail(new WsClusterError('OWNER_UNREACHABLE', message, { cause }), true);
  }

  #timeOut(message: string): void {
    this.#fail(new WsClusterError('OWNER_TIMEOUT', message), false);
  }

  #fail(error: WsClusterError, unanswered: boolean): void {
    this.abandon();
    this.#done({ kind: 'failed', error, unanswered });
  }

  #release(): void {
    this.#timer.stop();
    giveTo(NOBODY, this.#socket);
  }
}
