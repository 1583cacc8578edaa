import type { IncomingMessage } from 'node:http';
import { HttpError } from '@wscluster/service';

/** Largest body of a push, in bytes: 1 MiB. */
const MAX_BODY_BYTES = 1024 * 1024;

/** Reads the body of a request. Throws REQUEST_INVALID (413) if it is too large, without reading it to the end. */
export async function readBody(req: IncomingMessage): Promise<Buffer> {
  if (Number(req.headers['content-length'] ?? 0) > MAX_BODY_BYTES) throw tooLarge();
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of req as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Decodes a text message, which must be UTF-8, or the client's WebSocket fails. Throws REQUEST_INVALID (400). */
export function asText(body: Buffer): string {
  try {
    return utf8.decode(body);
  } catch {
    throw new HttpError(400, 'REQUEST_INVALID', 'the body is not UTF-8; send bytes as application/octet-stream');
  }
}

function tooLarge(): HttpError {
  return new HttpError(413, 'REQUEST_INVALID', `the body is larger than ${MAX_BODY_BYTES} bytes`);
}
