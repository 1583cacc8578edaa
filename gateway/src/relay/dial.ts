import { messageOf, WsClusterError } from '@wscluster/ring';
import type { HostPort } from '@wscluster/service';
import { asWsClusterError, descriptorsExhausted } from '../errors.ts';
import type { Limits } from '../limits.ts';
import { type Answer, AnswerReader, check101 } from './answer-head.ts';
import { Upstream } from './upstream.ts';

/** How an upgrade attempt at the owner ended. */
export type DialOutcome =
  /**
   * The 101 is valid. `rest` arrived right after it. The receiver sets `receive` and its listeners before it returns.
   */
  | ({ readonly kind: 'upgraded'; readonly upstream: Upstream } & Answer)
  /** Any other answer, to pass on or drop. */
  | ({ readonly kind: 'answered'; readonly upstream: Upstream } & Answer)
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
  const upstream = new Upstream(request.address);
  const { socket } = upstream;
  const reader = new AnswerReader(limits.answerHeadBytes);
  let cause: Error | undefined;
  let timer = setTimeout(
    () => timeOut(`could not connect to the owner within ${limits.connectMs} ms`),
    limits.connectMs,
  );

  const release = () => {
    clearTimeout(timer);
    upstream.receive = () => true;
    socket.off('connect', onConnect).off('error', onError).off('end', onEnd).off('close', onClose);
  };
  const fail = (error: WsClusterError, unanswered: boolean) => {
    release();
    socket.destroy();
    done({ kind: 'failed', error, unanswered });
  };
  const timeOut = (message: string) => fail(new WsClusterError('OWNER_TIMEOUT', message), false);
  const broken = () => {
    if (reader.started)
      fail(new WsClusterError('OWNER_PROTOCOL', 'the owner disconnected within the head of its answer'), false);
    else {
      const exhausted = cause && descriptorsExhausted(cause);
      if (exhausted !== undefined) {
        fail(exhausted, false);
        return;
      }
      const why = cause === undefined ? 'closed the connection without an answer' : messageOf(cause);
      fail(new WsClusterError('OWNER_UNREACHABLE', `the owner of the key cannot be reached: ${why}`, { cause }), true);
    }
  };

  const onConnect = () => {
    clearTimeout(timer);
    timer = setTimeout(() => timeOut(`the owner did not answer within ${limits.answerMs} ms`), limits.answerMs);
    socket.write(request.text, 'latin1');
  };
  const onError = (error: Error) => {
    cause = error;
  };
  const onEnd = () => broken();
  const onClose = () => broken();

  socket.on('connect', onConnect).on('error', onError).on('end', onEnd).on('close', onClose);
  upstream.receive = (chunk) => {
    let answer: Answer | undefined;
    try {
      answer = reader.push(chunk);
      if (answer?.head.status === 101) check101(answer.head, request.webSocketKey);
    } catch (error) {
      fail(asWsClusterError(error), false);
      return false;
    }
    if (answer === undefined) return false;
    release();
    done({ kind: answer.head.status === 101 ? 'upgraded' : 'answered', upstream, ...answer });
    return false;
  };
  return () => {
    release();
    socket.destroy();
  };
}
