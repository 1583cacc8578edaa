import { messageOf, WsClusterError } from '@wscluster/ring';
import type { Logger } from '@wscluster/service';

/**
 * The longest message that is read, in bytes. A ring of 4,096 members takes about 1 MiB, so longer messages are not
 * ours.
 */
const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;

/** Milliseconds between two log lines about dropped messages. */
const LOG_EVERY_MS = 10_000;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Returns a handler of raw messages that passes the valid ones of one cluster to `onMessage`. Others are dropped and
 * logged at most every 10 s, so that nobody else who publishes on the exchange can fill the log.
 */
export function messageReader<T extends { cluster: string }>(
  cluster: string,
  parse: (text: string) => T,
  log: Logger,
  onMessage: (message: T) => void,
): (content: Buffer) => void {
  let silentUntil = Number.NEGATIVE_INFINITY;
  let unsaid = 0;

  function drop(error: unknown): void {
    const now = performance.now();
    if (now < silentUntil) {
      unsaid++;
      return;
    }
    log.warn(
      {
        event: 'bus-message-damaged',
        field: error instanceof WsClusterError ? error.field : undefined,
        ...(unsaid > 0 && { droppedBefore: unsaid }),
        action:
          'run the same version of controller and gateways, and let nobody else publish on wscluster.*; heartbeats and the store repair what was missed',
      },
      `dropped a message: ${messageOf(error)}`,
    );
    silentUntil = now + LOG_EVERY_MS;
    unsaid = 0;
  }

  return (content) => {
    let message: T;
    try {
      message = read(content, cluster, parse);
    } catch (error) {
      drop(error);
      return;
    }
    onMessage(message);
  };
}

function read<T extends { cluster: string }>(content: Buffer, cluster: string, parse: (text: string) => T): T {
  if (content.length > MAX_MESSAGE_BYTES)
    throw new WsClusterError('MESSAGE_INVALID', `it has ${content.length} bytes; the limit is ${MAX_MESSAGE_BYTES}`);
  const message = parse(textOf(content));
  if (message.cluster !== cluster)
    throw new WsClusterError('MESSAGE_INVALID', `cluster: it belongs to ${message.cluster}, not to ${cluster}`, {
      field: 'cluster',
    });
  return message;
}

function textOf(content: Buffer): string {
  try {
    return utf8.decode(content);
  } catch (cause) {
    throw new WsClusterError('MESSAGE_INVALID', `it is not UTF-8: ${messageOf(cause)}`, { cause });
  }
}
