import { type Logger, type LoggerOptions, pino } from 'pino';
import { standardOutput } from './standard-output.ts';

export type { Logger };

/**
 * A logger of JSON lines. Every line has `service`, `event` (a stable kebab-case name for searches and alerts) and,
 * from warn upwards, `action`: what an operator should do, or that nothing is needed. Lines go to `destination`, by
 * default stdout. WSCLUSTER_LOG_LEVEL sets the level, by default info.
 */
export function createLogger(
  service: string,
  fields: Record<string, unknown> = {},
  destination: { write(line: string): void } = standardOutput(),
): Logger {
  const options: LoggerOptions = {
    level: process.env.WSCLUSTER_LOG_LEVEL ?? 'info',
    base: { service, ...fields },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    errorKey: 'error',
    redact: { paths: ['token', 'password', 'headers.authorization', 'headers.cookie'], censor: '[redacted]' },
  };
  return pino(options, destination);
}

/** A logger that logs nothing, for pure tests. */
export const silentLogger: Logger = pino({ level: 'silent' });
