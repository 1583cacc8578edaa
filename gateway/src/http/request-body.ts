import type { WsClusterError } from '@wscluster/ring';
import { limitReached } from '../errors.ts';
import type { Limits } from '../limits.ts';
import { NO_BYTES } from '../no-bytes.ts';
import { PatientTimer } from '../patient-timer.ts';
import type { Exchange } from './exchange.ts';

/** Bytes that a body takes at first. */
const FIRST_BYTES = 4_096;

/** How the body of a request is sent to the owner. */
export type RequestBody =
  /** Completely in memory, so that a refused connect can be retried. Empty for a request without a body. */
  | { readonly kind: 'held'; readonly bytes: Buffer }
  /** Streamed as it arrives, once. */
  | { readonly kind: 'streamed' };

/**
 * Reads the body into memory if its length is known and at most heldBodyBytes. Throws LIMIT_REACHED if it stops
 * arriving, and whatever the exchange is cancelled with.
 */
export async function readBody(exchange: Exchange, limits: Limits): Promise<RequestBody> {
  const { headers } = exchange.req;
  const length = Number(headers['content-length'] ?? 0);
  if (headers['transfer-encoding'] !== undefined || length > limits.heldBodyBytes) return { kind: 'streamed' };
  return { kind: 'held', bytes: length === 0 ? NO_BYTES : await hold(exchange, length, limits.bodySilenceMs) };
}

export function bodySilent(ms: number): WsClusterError {
  return limitReached('bodySilenceSeconds', `the body must not stop arriving for ${ms / 1000} s`);
}

function hold(exchange: Exchange, length: number, silentMs: number): Promise<Buffer> {
  const { req } = exchange;
  return new Promise((resolve, reject) => {
    const timer = new PatientTimer();
    if (silentMs > 0) timer.start(silentMs, () => exchange.cancel(bodySilent(silentMs)));
    // Grows with what arrives: a length costs a client nothing, and each chunk kept by itself would cost more.
    let bytes = Buffer.allocUnsafe(Math.min(length, FIRST_BYTES));
    let filled = 0;
    req.on('data', (chunk: Buffer) => {
      timer.refresh();
      if (filled + chunk.length > bytes.length) {
        const larger = Buffer.allocUnsafe(Math.max(filled + chunk.length, Math.min(length, 2 * bytes.length)));
        bytes.copy(larger, 0, 0, filled);
        bytes = larger;
      }
      filled += chunk.copy(bytes, filled);
    });
    req.on('end', () => {
      timer.stop();
      resolve(bytes.subarray(0, filled));
    });
    exchange.enter((reason) => {
      timer.stop();
      reject(reason);
    });
  });
}
