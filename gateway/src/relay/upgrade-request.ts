import { listed, WsClusterError } from '@wscluster/ring';
import type { RequestHead } from '../http/request-head.ts';
import { hopHeaders } from '../route/hop-headers.ts';
import { isReservedHeader } from '../route/owner-headers.ts';
import { portableOffer } from './extensions.ts';
import { migrateHeaders } from './kept-handshake.ts';

/**
 * Checks that the request is a WebSocket handshake that a node could accept (RFC 6455, 4.2.1), and returns its
 * Sec-WebSocket-Key. Throws REQUEST_INVALID naming the header.
 */
export function checkUpgrade(req: RequestHead): string {
  const { headers } = req;
  const refuse = (field: string, message: string) => new WsClusterError('REQUEST_INVALID', message, { field });
  if (headers.upgrade?.toLowerCase() !== 'websocket') throw refuse('upgrade', 'Upgrade must be websocket');
  if (req.method !== 'GET') throw refuse('method', 'a WebSocket upgrade must be a GET');
  if (headers['sec-websocket-version'] !== '13')
    throw refuse('sec-websocket-version', 'Sec-WebSocket-Version must be 13');
  const key = headers['sec-websocket-key'];
  if (key === undefined || !/^[A-Za-z0-9+/]{22}==$/.test(key))
    throw refuse('sec-websocket-key', 'Sec-WebSocket-Key must be 16 bytes in base64');
  // The body's bytes would be taken for WebSocket frames.
  if (headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0')
    throw refuse('content-length', 'a WebSocket upgrade must have no body');
  return key;
}

/**
 * The head of the request to the owner: the headers of the gateway, with new Connection and Upgrade headers, and then
 * the client's in their order. The gateway's come first since some backends read only so many lines. `subprotocol`: one
 * that the node must not see. `portable`: the connection may move to another node, so the node must know, and get only
 * extensions that allow it.
 */
export function composeUpgrade(
  req: RequestHead,
  added: ReadonlyArray<readonly [name: string, value: string]>,
  { subprotocol, portable }: { readonly subprotocol: string | undefined; readonly portable: boolean },
): string {
  const endsHere = hopHeaders(req.headers.connection);
  const lines = [`GET ${req.url} HTTP/1.1`, 'Connection: Upgrade', 'Upgrade: websocket'];
  for (const [name, value] of added) lines.push(`${name}: ${value}`);
  if (portable) {
    lines.push(...migrateHeaders());
    const offer = portableOffer(req.headers['sec-websocket-extensions'] ?? '');
    if (offer !== undefined) lines.push(`Sec-WebSocket-Extensions: ${offer}`);
  }
  const raw = req.rawHeaders;
  for (let i = 0; i < raw.length; i += 2) {
    const name = (raw[i] as string).toLowerCase();
    // A handshake has no body, and a client must not remove the headers of the handshake by naming them in Connection.
    if (name === 'content-length' || isReservedHeader(name)) continue;
    if (!name.startsWith('sec-websocket-') && endsHere(name)) continue;
    if (portable && name === 'sec-websocket-extensions') continue;
    if (subprotocol !== undefined && name === 'sec-websocket-protocol') {
      const others = listed(raw[i + 1] as string).filter((one) => one !== subprotocol);
      if (others.length > 0) lines.push(`${raw[i]}: ${others.join(', ')}`);
      continue;
    }
    lines.push(`${raw[i]}: ${raw[i + 1]}`);
  }
  return `${lines.join('\r\n')}\r\n\r\n`;
}
