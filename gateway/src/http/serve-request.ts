import type { IncomingMessage, ServerResponse } from 'node:http';
import { formatRevision, type Release, type WsClusterError } from '@wscluster/ring';
import { checkHead } from '../admission/check-head.ts';
import { checkRoom } from '../admission/check-room.ts';
import { asWsClusterError } from '../errors.ts';
import type { Limits } from '../limits.ts';
import type { LiveConnection } from '../move/live-connection.ts';
import { hasMoved } from '../move/planner.ts';
import type { Tracker } from '../move/tracker.ts';
import type { Destination } from '../route/router.ts';
import type { CurrentTable } from '../table/current-table.ts';
import { locate } from '../table/locate.ts';
import { passAnswer, refuseRequest, writeAnswerHead } from './answer-client.ts';
import { EventStream, isEventStream } from './event-stream.ts';
import type { LateAnswers } from './late-answers.ts';
import type { OwnerProxy } from './owner-proxy.ts';
import { forwardHeaders, isSettling } from './owner-request.ts';
import { readBody } from './request-body.ts';

export interface HttpContext {
  readonly current: CurrentTable;
  readonly proxy: OwnerProxy;
  readonly tracker: Tracker<LiveConnection>;
  readonly lateAnswers: LateAnswers;
  readonly limits: Limits;
  release(): Release | undefined;
  /** Reads the store now, since somebody seems to know a newer ring. */
  refresh(): void;
  /** A request was answered with an error of the gateway itself. */
  onRefusal(error: WsClusterError, requestId: string): void;
}

/**
 * Serves a plain HTTP request: key -> slot -> owner -> answer. Never throws. If the client disconnects, its request to
 * the owner is aborted.
 */
export async function serveRequest(
  context: HttpContext,
  req: IncomingMessage,
  res: ServerResponse,
  requestId: string,
): Promise<void> {
  try {
    const answered = await answerOf(context, req, res, requestId);
    if (res.destroyed) answered.answer.destroy();
    else if (isEventStream(answered.answer)) await passEventStream(context, answered, res);
    else await passAnswer(answered.answer, res);
  } catch (thrown) {
    const error = asWsClusterError(thrown);
    if (!res.destroyed && !res.headersSent) {
      context.onRefusal(error, requestId);
      refuseRequest(res, error, requestId);
    } else res.destroy();
  } finally {
    context.lateAnswers.forget(res);
  }
}

interface Answered {
  readonly answer: IncomingMessage;
  readonly destination: Destination;
  readonly nodeId: string;
}

/** Throws LIMIT_REACHED if the gateway, or the key, has as many connections as allowed. */
async function passEventStream(
  context: HttpContext,
  { answer, destination, nodeId }: Answered,
  res: ServerResponse,
): Promise<void> {
  const { current, tracker, lateAnswers, limits } = context;
  try {
    checkRoom(tracker, destination, limits);
  } catch (error) {
    answer.destroy();
    throw error;
  }
  writeAnswerHead(answer, res);
  res.flushHeaders();
  lateAnswers.forget(res);
  const stream = new EventStream(answer, res, destination, nodeId, limits);
  const ended = stream.pass(tracker);
  // The key may have moved since the request was sent, and moves are planned only when something changes.
  const [table, release] = [current.table, context.release()];
  if (table !== undefined && release !== undefined && hasMoved(stream, table, release)) stream.move();
  await ended;
}

/**
 * Makes one more attempt if the first one cannot have had any effect. It goes to another owner, once there is one, if
 * the connect was refused (for any request held in memory), or if the node says that it is no longer the owner (for
 * requests without a body). It goes to the same owner if a kept connection turned out to be closed (for GET and HEAD).
 */
async function answerOf(
  context: HttpContext,
  req: IncomingMessage,
  res: ServerResponse,
  requestId: string,
): Promise<Answered> {
  const { current, proxy, limits, lateAnswers } = context;
  checkHead(req, limits);
  const { destination, owner, table } = locate(current.table, req);
  const { key, slot } = destination;
  const body = await readBody(req, limits.heldBodyBytes);
  forwardHeaders(req, key, table, requestId);
  const headers: Record<string, string> = {};
  if (isSettling(table, slot, context.release(), limits)) headers['X-WsCluster-Settling'] = '1';

  let { nodeId } = owner;
  lateAnswers.watch(res, slot, nodeId);
  let attempt = await proxy.send(req, res, owner, headers, body);
  const held = body.kind === 'held';
  const bodyless = held && body.bytes.length === 0;
  if (attempt.kind === 'failed' && attempt.stale && bodyless && (req.method === 'GET' || req.method === 'HEAD'))
    attempt = await proxy.send(req, res, owner, headers, body);

  const refused = attempt.kind === 'failed' ? attempt.unsent && held : attempt.answer.statusCode === 421 && bodyless;
  if (refused) {
    if (attempt.kind === 'answered') context.refresh();
    const other = await current.otherOwner(slot, owner.nodeId, limits.ownerWaitMs);
    if (other !== undefined && !res.destroyed) {
      if (attempt.kind === 'answered') attempt.answer.destroy();
      const { revision } = (current.table ?? table).ring;
      const again = { 'X-WsCluster-Revision': formatRevision(revision), 'X-WsCluster-Settling': '1' };
      nodeId = other.nodeId;
      lateAnswers.watch(res, slot, nodeId);
      attempt = await proxy.send(req, res, other, again, body);
    }
  }
  if (attempt.kind === 'failed') throw attempt.error;
  return { answer: attempt.answer, destination, nodeId };
}
