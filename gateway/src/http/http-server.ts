import { createServer, type IncomingMessage, type Server } from 'node:http';
import { MAX_HEAD_BYTES, MAX_PARSED_LINES } from '../admission/check-head.ts';
import type { Limits } from '../limits.ts';

/** How often the times of requests and of silent sockets are checked: for good, though the limits may change. */
export function checkingMsOf({ requestHeadMs }: Limits): number {
  return Math.min(1_000, Math.ceil(requestHeadMs / 4));
}

/** Node's HTTP server as a gateway needs it. It leaves to the gateway's own checks what these refuse by themselves. */
export function createHttpServer(limits: Limits): Server {
  const server = createServer({
    connectionsCheckingInterval: checkingMsOf(limits),
    maxHeaderSize: MAX_HEAD_BYTES,
    // Checked with the other rules for Host, so that it is refused like anything else.
    requireHostHeader: false,
    // See tuneAccepted.
    noDelay: false,
    // An offer of another protocol (h2c) may be ignored, and any offer in HTTP/1.0 must be; the request is then served
    // as it is (RFC 9110, 7.8).
    shouldUpgradeCallback: (req: IncomingMessage) =>
      req.headers.upgrade?.toLowerCase() === 'websocket' && req.httpVersionMinor > 0,
  });
  server.maxHeadersCount = MAX_PARSED_LINES;
  applyHttpLimits(server, limits);
  return server;
}

/** Takes over those limits that Node enforces. */
export function applyHttpLimits(server: Server, { requestHeadMs, requestMs, keepAliveMs }: Limits): void {
  // Node takes the shorter one for the head, whichever it is called.
  server.headersTimeout = requestMs === 0 ? requestHeadMs : Math.min(requestHeadMs, requestMs);
  server.requestTimeout = requestMs;
  server.keepAliveTimeout = keepAliveMs;
}
