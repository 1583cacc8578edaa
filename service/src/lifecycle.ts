import { type ErrorCode, messageOf, WsClusterError } from '@wscluster/ring';
import type { ProcessLogger } from './log.ts';

/** A long-running process as seen from outside: `start` starts it and returns this. */
export interface Running {
  /** Ordered, graceful stop; resolves when nothing is left. */
  stop(): Promise<void>;
  /** Applies changes of its configuration, on SIGHUP; must not throw. Without it SIGHUP ends the process. */
  reload?(): void;
  /** Takes note of an unhandled error, which is a bug, and the process goes on. Without it the process ends. */
  survive?(event: UnhandledEvent, error: unknown): void;
}

export type UnhandledEvent = 'uncaught-exception' | 'unhandled-rejection';

/** Retrying does not help with these: somebody has to fix something. */
const UNUSABLE: ReadonlySet<string> = new Set([
  'CONFIG_INVALID',
  'PORT_TAKEN',
  'STATE_IN_USE',
  'MESSAGE_INVALID',
] satisfies ErrorCode[]);

/** The message that a process sends over its IPC channel to its launcher once it has started. */
export const READY_MESSAGE = 'ready';

/** The message by which a launcher asks a process to stop that obeys only its launcher. */
export const STOP_MESSAGE = 'stop';

/** Signals that follow the first one this closely count as the same request. */
const SAME_SIGNAL_MS = 1000;

/**
 * Runs a process until SIGTERM or SIGINT, or until its launcher is gone, if it has an IPC channel to one. The launcher
 * gets READY_MESSAGE once `start` has resolved. Exit codes: 0 stopped as requested, 2 unusable configuration or stored
 * state, 1 anything else. `signal` tells a starting process that it should stop; it stops once started. A second
 * signal, at least a second after the first, ends it at once. An unhandled error is a bug: it is logged and the process
 * ends, so that a supervisor can start it again, unless it survives that. `obeys`: what asks it to stop; a process that
 * obeys its launcher ignores signals, which a terminal sends to all processes at once.
 */
export async function runProcess(
  log: ProcessLogger,
  start: (signal: AbortSignal) => Promise<Running>,
  { obeys = 'signals' }: { readonly obeys?: 'signals' | 'launcher' } = {},
): Promise<void> {
  let running: Running | undefined;
  const fail = (event: UnhandledEvent) => (error: unknown) => {
    if (running?.survive !== undefined) {
      running.survive(event, error);
      return;
    }
    log.fatal({ event, error, action: 'report this bug with the log; the process ends' }, messageOf(error));
    process.exit(1);
  };
  process.on('uncaughtException', fail('uncaught-exception'));
  process.on('unhandledRejection', fail('unhandled-rejection'));

  const asked = new AbortController();
  const { promise: stopAsked, resolve: askToStop } = Promise.withResolvers<void>();
  let askedAt = 0;
  const stop = (signal: string) => {
    if (asked.signal.aborted) {
      // One Ctrl-C arrives several times: from the terminal, from npm and from the parent process.
      if (signal === 'launcher-gone' || performance.now() - askedAt < SAME_SIGNAL_MS) return;
      log.warn({ event: 'stop-forced', signal, action: 'none: a second signal skips the drain' }, 'stopping at once');
      process.exit(1);
    }
    log.info({ event: 'stopping', signal }, `${signal}: stopping`);
    askedAt = performance.now();
    asked.abort();
    askToStop();
  };
  for (const signal of ['SIGTERM', 'SIGINT'])
    process.on(signal, () => {
      if (obeys === 'signals') stop(signal);
    });
  process.on('message', (message) => {
    if (message === STOP_MESSAGE && obeys === 'launcher') stop('launcher');
  });
  if (process.connected !== undefined) {
    process.on('disconnect', () => stop('launcher-gone'));
    if (obeys === 'signals') process.channel?.unref();
    // It may have died while this process was loading; then there is no event.
    if (process.connected === false) stop('launcher-gone');
  }

  try {
    running = await start(asked.signal);
    const reload = running.reload?.bind(running);
    // If the launcher has gone meanwhile, 'disconnect' says so.
    process.send?.(READY_MESSAGE, undefined, undefined, () => {});
    if (reload !== undefined)
      process.on('SIGHUP', () => {
        if (!asked.signal.aborted) reload();
      });
    await stopAsked;
    await running.stop();
  } catch (error) {
    if (asked.signal.aborted && isAbort(error, asked.signal)) process.exit(0);
    const code = error instanceof WsClusterError ? error.code : 'INTERNAL';
    log.fatal({ event: 'failed', code, error, action: 'fix the cause and start it again' }, messageOf(error));
    process.exit(UNUSABLE.has(code) ? 2 : 1);
  }
  log.info({ event: 'stopped' }, 'stopped');
  process.exit(0);
}

/** Whether this is what an aborted wait throws: the reason itself, or an error of Node with it as cause. */
function isAbort(error: unknown, signal: AbortSignal): boolean {
  return error === signal.reason || (error instanceof Error && error.cause === signal.reason);
}
