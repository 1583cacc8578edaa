import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/** Each is true if it has dealt with the event, which then reaches nobody else. */
export interface Interceptor {
  onRequest(request: IncomingMessage, response: ServerResponse): boolean;
  onUpgrade(request: IncomingMessage, socket: Duplex): boolean;
}

/**
 * Sees the requests and upgrades of a server before its listeners, also before those that come later: frameworks set
 * theirs at times of their own, and a listener cannot keep an event from others.
 */
export function intercept(server: Pick<Server, 'emit'>, { onRequest, onUpgrade }: Interceptor): void {
  const emit = server.emit.bind(server) as (event: string | symbol, ...args: unknown[]) => boolean;
  server.emit = (event: string | symbol, ...args: unknown[]) => {
    if (event === 'request' && onRequest(args[0] as IncomingMessage, args[1] as ServerResponse)) return true;
    if (event === 'upgrade' && onUpgrade(args[0] as IncomingMessage, args[1] as Duplex)) return true;
    return emit(event, ...args);
  };
}
