export type {
  Arrival,
  ChangingText,
  HandoverOptions,
  HandoverServer,
  HandoverSocket,
  Hello,
  Log,
  Requested,
  Revision,
  RingAddress,
  State,
  WebSocketLike,
  WsNode,
  WsNodeEvents,
  WsNodeOptions,
} from './api.ts';
export { compareRevisions, wsNode } from './ws-node.ts';
