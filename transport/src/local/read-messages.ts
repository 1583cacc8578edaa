import type { Socket } from 'node:net';
import { messageOf, WsClusterError } from '@wscluster/ring';
import type { Logger } from '@wscluster/service';
import { LineSplitter, textOf } from './lines.ts';

/**
 * Passes every valid message that arrives on a socket to `onMessage`, in order. A damaged one is logged and dropped; an
 * endless line ends the connection. Attaches no `error` listener.
 */
export function readMessages<T>(
  socket: Socket,
  parse: (text: string) => T,
  log: Logger,
  onMessage: (message: T) => void,
): void {
  const splitter = new LineSplitter();

  function parseOrDrop(line: Buffer): T | undefined {
    try {
      return parse(textOf(line));
    } catch (error) {
      log.warn(
        {
          event: 'bus-message-damaged',
          field: error instanceof WsClusterError ? error.field : undefined,
          action: 'run the same version of controller and gateways; heartbeats and the store repair what was missed',
        },
        `dropped a message: ${messageOf(error)}`,
      );
      return undefined;
    }
  }

  socket.on('data', (chunk: Buffer) => {
    let lines: Buffer[];
    try {
      lines = splitter.push(chunk);
    } catch (error) {
      socket.destroy(error as Error);
      return;
    }
    for (const line of lines) {
      const message = parseOrDrop(line);
      if (message !== undefined) onMessage(message);
    }
  });
}
