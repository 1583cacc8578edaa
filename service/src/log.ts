import { type Logger, type LoggerOptions, pino } from 'pino';

export type { Logger };

/**
 * One JSON object a line on stdout. Every line has `service`, `event` (a stable kebab-case name to search and alert by)
 * and, from warn upwards, `action`: what an operator should do, or that nothing is needed.
 * Lines go to `destination`, stdout by default. Level from WSCLUSTER_LOG_LEVEL (default info).
 */
export function createLogger(
  service: string,
  fields: Record<string, unknown> = {},
  destination: { write(line: string): void } = pino.destination({ fd: 1, sync: true }),
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

/** For pure tests: says nothing. */
export const silentLogger: Logger = pino({ level: 'silent' });
