import type { Socket } from 'node:net';
import type { Revision } from '@wscluster/ring';
import { checkHead } from '../admission/check-head.ts';
import { checkRoom, checkRoomOfKey } from '../admission/check-room.ts';
import { asWsClusterError } from '../errors.ts';
import type { RequestHead } from '../http/request-head.ts';
import { ownerHeaders } from '../route/owner-headers.ts';
import { normalizeTarget } from '../route/target.ts';
import { locate } from '../table/locate.ts';
import { anyNode, type Load } from '../table/nodes.ts';
import { addedHeaders } from './added-headers.ts';
import type { AnswerHead } from './answer-head.ts';
import { ClientConnection, type ConnectionContext } from './client-connection.ts';
import { moveMode } from './move-mode.ts';
import { refuseUpgrade } from './refuse.ts';
import { checkUpgrade, composeUpgrade } from './upgrade-request.ts';

/**
 * Serves a WebSocket upgrade: room -> check -> key -> slot -> owner -> dial -> 101 -> relay. The socket must already
 * have an 'error' listener.
 */
export function serveUpgrade(
  context: ConnectionContext,
  req: RequestHead,
  socket: Socket,
  head: Buffer,
  requestId: string,
): void {
  try {
    socket.setTimeout(0);
    // First, since refusing must cost little when there is too much.
    checkRoom(context);
    context.handshakes.admit(context.limits.maxHandshakesPerSecond);
    checkHead(req, context.limits);
    normalizeTarget(req);
    const webSocketKey = checkUpgrade(req);
    const load: Load = (nodeId) => context.tracker.countsByNode.get(nodeId) ?? 0;
    const { destination, owner, table, routed } = locate(context.current.table, req, 'websocket', load);
    req.url = routed.url;
    checkRoomOfKey(context.tracker, destination, context.limits);
    const portable = routed.choice.kind !== 'node' && moveMode(req, routed.route, table.settings.moves) === 'migrate';
    const upgrade = {
      portable,
      socket,
      head,
      webSocketKey,
      requestId,
      compose: (revision: Revision) => {
        const { key } = destination;
        const added = ownerHeaders(req, { key, revision, requestId, trusted: table.trustedProxies });
        return composeUpgrade(req, added, { subprotocol: routed.subprotocol, portable });
      },
      added: (head: AnswerHead) => addedHeaders(routed, head),
      elsewhere: (nodeId: string) => {
        const now = context.current.table;
        return routed.choice.kind === 'any' && now !== undefined ? anyNode(now, load, nodeId) : undefined;
      },
    };
    new ClientConnection(context, upgrade, destination, owner).start();
  } catch (thrown) {
    const error = asWsClusterError(thrown);
    context.onUpgrade(error.code, requestId);
    context.onRefusal(error, requestId);
    refuseUpgrade(socket, error, requestId);
  }
}
