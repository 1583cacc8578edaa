import { messageOf, WsClusterError } from '@wscluster/ring';
import type { Logger } from './log.ts';

/** What a long-running process looks like from outside: started by `start`, ended once by its returned `stop`. */
export interface Running {
  /** Ordered, graceful stop; resolves when nothing is left. */
  stop(): Promise<void>;
}

/** Signals that follow the first one this closely are taken for the same request. */
const SAME_SIGNAL_MS = 1000;

/**
 * Runs a process until SIGTERM or SIGINT. Exit codes: 0 stopped as asked, 2 unusable configuration, 1 anything else.
 * A second signal, at least a second after the first, ends it at once. An unhandled error is a defect: it is logged and the process ends, for a
 * supervisor to start it afresh.
 */
export async function runProcess(log: Logger, start: () => Promise<Running>): Promise<void> {
  const fail = (event: string) => (error: unknown) => {
    log.fatal({ event, error, action: 'report this defect with the log; the process ends' }, messageOf(error));
    process.exit(1);
  };
  process.on('uncaughtException', fail('uncaught-exception'));
  process.on('unhandledRejection', fail('unhandled-rejection'));

  let running: Running;
  try {
    running = await start();
  } catch (error) {
    const code = error instanceof WsClusterError ? error.code : 'INTERNAL';
    log.fatal({ event: 'start-failed', code, action: 'mend the named setting and start again' }, messageOf(error));
    process.exit(code === 'CONFIG_INVALID' || code === 'PORT_TAKEN' ? 2 : 1);
  }

  let stoppingSince: number | undefined;
  const stop = (signal: string) => {
    if (stoppingSince !== undefined) {
      // One Ctrl-C arrives several times: from the terminal, from npm and from the parent process.
      if (performance.now() - stoppingSince < SAME_SIGNAL_MS) return;
      log.warn({ event: 'stop-forced', signal, action: 'none: a second signal skips the drain' }, 'ends at once');
      process.exit(1);
    }
    stoppingSince = performance.now();
    log.info({ event: 'stopping', signal }, `${signal}: stopping`);
    running.stop().then(() => {
      log.info({ event: 'stopped' }, 'stopped');
      process.exit(0);
    }, fail('stop-failed'));
  };
  process.on('SIGTERM', () => stop('SIGTERM'));
  process.on('SIGINT', () => stop('SIGINT'));
}
