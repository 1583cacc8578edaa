import type { Release, WsClusterError } from '@wscluster/ring';
import { checkHead } from '../admission/check-head.ts';
import { checkRoom, checkRoomOfKey } from '../admission/check-room.ts';
import type { HeldBytes } from '../admission/held-bytes.ts';
import type { RequestRoom, Seat } from '../admission/request-room.ts';
import { asWsClusterError } from '../errors.ts';
import type { Limits } from '../limits.ts';
import type { LiveConnection } from '../move/live-connection.ts';
import { hasMoved } from '../move/planner.ts';
import type { Tracker } from '../move/tracker.ts';
import type { Traffic } from '../relay/relay.ts';
import { ownerHeaders } from '../route/owner-headers.ts';
import { normalizeTarget } from '../route/target.ts';
import type { CurrentTable } from '../table/current-table.ts';
import { type Destination, locate } from '../table/locate.ts';
import { anyNode, type Load } from '../table/nodes.ts';
import type { Owner, Table } from '../table/table.ts';
import { endUnreadRequest, type PassedAnswer, passAnswer, refuseRequest, writeAnswerHead } from './answer-client.ts';
import { EventStream, isEventStream } from './event-stream.ts';
import type { Exchange } from './exchange.ts';
import type { LateAnswers } from './late-answers.ts';
import type { OwnerClient } from './owner-client.ts';
import { isSettling, requestHeaders } from './owner-request.ts';
import { readBody } from './request-body.ts';

export interface HttpContext {
  readonly current: CurrentTable;
  readonly owners: OwnerClient;
  readonly room: RequestRoom;
  readonly held: HeldBytes;
  readonly tracker: Tracker<LiveConnection>;
  readonly lateAnswers: LateAnswers;
  readonly limits: Limits;
  readonly traffic: Traffic;
  release(): Release | undefined;
  /** Reads the store now, since somebody seems to know a newer ring. */
  refresh(): void;
  /** A request was answered with an error of the gateway itself. */
  onRefusal(error: WsClusterError, requestId: string): void;
}

/** What the gateway itself answers to `OPTIONS *`, which asks about no path and so no node. */
const ALLOW = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS';

/**
 * Serves a plain HTTP request: key -> slot -> owner -> answer. Resolves when it is answered. If it is cancelled, its
 * request to the owner is aborted. `refusal`: answers with this instead.
 */
export async function serveRequest(
  context: HttpContext,
  exchange: Exchange,
  refusal: WsClusterError | undefined,
): Promise<void> {
  const { req, res, requestId } = exchange;
  let seat: Seat | undefined;
  try {
    const { limits } = context;
    if (refusal !== undefined) throw refusal;
    checkHead(req, limits);
    normalizeTarget(req);
    if (req.method === 'OPTIONS' && req.url === '*') {
      res.writeHead(204, { allow: ALLOW, 'x-request-id': requestId }).end();
      return;
    }
    seat = context.room.enter(limits);
    if (limits.httpAnswerMs === 0) exchange.mayNotEnd();
    const answered = await answerOf(context, exchange, seat);
    if (res.destroyed) answered.answer.destroy();
    else if (isEventStream(answered.answer)) await passEventStream(context, exchange, answered, seat);
    else await passAnswer(exchange, answered, limits);
  } catch (thrown) {
    refuse(context, exchange, asWsClusterError(thrown));
  } finally {
    seat?.leave();
    context.lateAnswers.forget(exchange);
    endUnreadRequest(exchange);
  }
}

function refuse(context: HttpContext, exchange: Exchange, error: WsClusterError): void {
  const { res, requestId } = exchange;
  if (res.destroyed || res.headersSent) {
    res.destroy();
    return;
  }
  context.onRefusal(error, requestId);
  refuseRequest(exchange, error);
}

interface Answered extends PassedAnswer {
  readonly destination: Destination;
  readonly nodeId: string;
}

/** Throws LIMIT_REACHED if the gateway, or the key, has as many connections as allowed. */
async function passEventStream(
  context: HttpContext,
  exchange: Exchange,
  answered: Answered,
  seat: Seat,
): Promise<void> {
  const { current, tracker, lateAnswers, limits } = context;
  const { res } = exchange;
  const { answer, destination, nodeId } = answered;
  try {
    checkRoom(context);
    checkRoomOfKey(tracker, destination, limits);
    writeAnswerHead(answered, res);
  } catch (error) {
    answer.destroy();
    throw error;
  }
  // From here on it counts as a connection, and moves like one.
  seat.leave();
  lateAnswers.forget(exchange);
  exchange.enter(() => res.destroy());
  exchange.mayNotEnd();
  res.flushHeaders();
  const stream = new EventStream(answer, res, destination, nodeId, limits, context.traffic.bySlot);
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
async function answerOf(context: HttpContext, exchange: Exchange, seat: Seat): Promise<Answered> {
  const { current, owners, limits, lateAnswers } = context;
  const { req } = exchange;
  const load: Load = (nodeId) => context.room.at(nodeId);
  const { owner, table, routed, ...located } = locate(current.table, req, 'http', load);
  let { destination } = located;
  req.url = routed.url;
  const body = await readBody(exchange, limits);
  const send = (to: Owner, by: Table, settling: boolean) => {
    seat.visit(to.nodeId, limits);
    lateAnswers.watch(exchange, destination.slot, to.nodeId);
    return owners.send(exchange, body, to, requestHeaders(req, addedHeaders(exchange, destination.key, by, settling)));
  };

  const settling = destination.key !== '' && isSettling(table, destination.slot, context.release(), limits);
  let { nodeId } = owner;
  let attempt = await send(owner, table, settling);
  const held = body.kind === 'held';
  const bodyless = held && body.bytes.length === 0;
  if (attempt.kind === 'failed' && attempt.stale && bodyless && (req.method === 'GET' || req.method === 'HEAD')) {
    exchange.throwIfCancelled();
    attempt = await send(owner, table, settling);
  }

  const refused = attempt.kind === 'failed' ? attempt.unsent && held : attempt.answer.statusCode === 421 && bodyless;
  if (refused) {
    if (attempt.kind === 'answered') context.refresh();
    const elsewhere = routed.choice.kind === 'any' ? anyNode(current.table ?? table, load, owner.nodeId) : undefined;
    if (elsewhere !== undefined) destination = { key: '', slot: elsewhere.slot };
    const other = elsewhere?.owner ?? (await current.otherOwner(destination.slot, owner.nodeId, limits.ownerWaitMs));
    exchange.throwIfCancelled();
    if (other !== undefined) {
      if (attempt.kind === 'answered') attempt.answer.destroy();
      nodeId = other.nodeId;
      attempt = await send(other, current.table ?? table, destination.key !== '');
    }
  }
  if (attempt.kind === 'failed') throw attempt.error;
  return { answer: attempt.answer, setCookie: routed.setCookie, destination, nodeId };
}

function addedHeaders(
  { req, requestId }: Exchange,
  key: string,
  { ring, trustedProxies }: Table,
  settling: boolean,
): [name: string, value: string][] {
  const added = ownerHeaders(req, { key, revision: ring.revision, requestId, trusted: trustedProxies });
  return settling ? [...added, ['X-WsCluster-Settling', '1']] : added;
}
