import { CASE_KEY } from './case.ts';

export const PATH = `/send?userId=${CASE_KEY}`;

export function head(...lines: readonly string[]): string {
  return `${lines.join('\r\n')}\r\n\r\n`;
}

export const GET = head(`GET ${PATH} HTTP/1.1`, 'Host: x');
export const post = (...lines: readonly string[]) => head(`POST ${PATH} HTTP/1.1`, 'Host: x', ...lines);

export const upgrade = (...lines: readonly string[]) =>
  head(
    `GET /connect/${CASE_KEY} HTTP/1.1`,
    'Host: x',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ...lines,
  );
export const UPGRADE = upgrade();

/** An answer that any client can read. */
export const OK = `${head('HTTP/1.1 200 OK', 'Content-Length: 2')}ok`;
