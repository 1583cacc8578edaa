import type { IncomingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import type { RequestHead } from './request-head.ts';

/** Larger heads are for the HTTP parser: they are few, and may cost as much as a hundred messages. */
const MAX_BYTES = 4_096;
/** Shorter ones are no upgrade. */
const MIN_BYTES = 64;
const BEGIN = Buffer.from('GET /');
const END = Buffer.from('\r\n\r\n');
const ASKS_FOR_WEBSOCKET = /\r\nupgrade: websocket\r\n/i;
/** A path with a query, in visible ASCII. */
const REQUEST_LINE = /GET (\/[\x21-\x7e]*) HTTP\/1\.1\r\n/y;
/** No blank but the one in front of the value, and those within it. */
const HEADER_LINE = /([!#$%&'*+.^_`|~0-9A-Za-z-]+): ?((?:[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?)?)\r\n/y;
/** What all browsers and libraries send. */
const CONNECTION = /^(keep-alive, ?)?upgrade$/i;
/** With them there is a body, or an answer before the 101; or Node makes a list of the one value. */
const NOT_SIMPLE = new Set(['content-length', 'transfer-encoding', 'expect', 'set-cookie']);

/**
 * Reads a chunk that is exactly the head of a WebSocket upgrade, in the form in which practically all clients send it.
 * Node's parser reads the same. Returns undefined for anything else, also for what Node would refuse, or treats in a
 * way of its own, such as names that come twice.
 */
export function readUpgradeHead(chunk: Buffer, socket: Socket): RequestHead | undefined {
  const size = chunk.length;
  if (size < MIN_BYTES || size > MAX_BYTES) return undefined;
  if (BEGIN.compare(chunk, 0, BEGIN.length) !== 0 || END.compare(chunk, size - END.length) !== 0) return undefined;
  const text = chunk.toString('latin1');
  if (!ASKS_FOR_WEBSOCKET.test(text)) return undefined;
  REQUEST_LINE.lastIndex = 0;
  const url = REQUEST_LINE.exec(text)?.[1];
  if (url === undefined) return undefined;
  const rawHeaders: string[] = [];
  const headers: IncomingHttpHeaders = {};
  const lastLine = size - 2;
  let at = REQUEST_LINE.lastIndex;
  while (at < lastLine) {
    HEADER_LINE.lastIndex = at;
    const line = HEADER_LINE.exec(text);
    if (line === null) return undefined;
    at = HEADER_LINE.lastIndex;
    const [, name = '', value = ''] = line;
    const lower = name.toLowerCase();
    // Also the names that every object has.
    if (headers[lower] !== undefined || NOT_SIMPLE.has(lower)) return undefined;
    headers[lower] = value;
    rawHeaders.push(name, value);
  }
  if (at !== lastLine || !CONNECTION.test(headers.connection ?? '')) return undefined;
  return { method: 'GET', url, httpVersionMinor: 1, rawHeaders, headers, socket };
}
