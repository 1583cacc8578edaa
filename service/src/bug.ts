import { messageOf } from '@wscluster/ring';
import type { Logger } from './log.ts';

/** Logs an error that nobody expected, and that the process survives. `event`: its name in the log. */
export function logBug(log: Logger, event: string, error: unknown): void {
  log.error({ event, error, action: 'report this bug with the log; the process goes on' }, messageOf(error));
}

/** Lets work go on that nobody waits for. It is not meant to fail: an error of it is logged as a bug. */
export function inBackground(log: Logger, event: string, work: Promise<unknown>): void {
  work.catch((error: unknown) => logBug(log, event, error));
}
