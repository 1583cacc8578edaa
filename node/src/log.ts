import type { Logger } from '@wscluster/service';
import type { Log } from './api.ts';

/** The application's log as one of ours: its children log the fields themselves. */
export function loggerOf(log: Log, fields: object = {}): Logger {
  return {
    debug: (line, text) => log.debug({ ...fields, ...line }, text),
    info: (line, text) => log.info({ ...fields, ...line }, text),
    warn: (line, text) => log.warn({ ...fields, ...line }, text),
    error: (line, text) => log.error({ ...fields, ...line }, text),
    child: (more) => loggerOf(log, { ...fields, ...more }),
  };
}

/** Warnings and errors as lines of JSON on standard error. */
export const standardError: Log = {
  debug() {},
  info() {},
  warn: (fields, text) => write('warn', fields, text),
  error: (fields, text) => write('error', fields, text),
};

function write(level: string, fields: object, text: string | undefined): void {
  const line = { level, time: new Date().toISOString(), service: '@wscluster/node', ...fields, msg: text };
  process.stderr.write(
    `${JSON.stringify(line, (_, value: unknown) => (value instanceof Error ? value.stack : value))}\n`,
  );
}
