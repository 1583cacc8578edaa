export type {
  ChangingText,
  Hello,
  Log,
  Requested,
  Revision,
  RingAddress,
  WebSocketLike,
  WsNode,
  WsNodeEvents,
  WsNodeOptions,
} from './api.ts';
export { compareRevisions, wsNode } from './ws-node.ts';
