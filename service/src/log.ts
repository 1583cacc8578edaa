import { type LoggerOptions, type Logger as PinoLogger, pino } from 'pino';
import { standardOutput } from './standard-output.ts';

/** Logs the fields of a line and its text. pino's loggers are such loggers, and so is Fastify's `app.log`. */
export interface Logger {
  debug(fields: object, text?: string): void;
  info(fields: object, text?: string): void;
  warn(fields: object, text?: string): void;
  error(fields: object, text?: string): void;
  /** A logger that logs these fields in each line, too. */
  child(fields: Record<string, unknown>): Logger;
}

/** The logger of a process, whose level can be set. */
export type ProcessLogger = PinoLogger;

/**
 * A logger of JSON lines. Every line has `service`, `event` (a stable kebab-case name for searches and alerts) and,
 * from warn upwards, `action`: what an operator should do, or that nothing is needed. Lines go to `destination`, by
 * default stdout. WSCLUSTER_LOG_LEVEL sets the level, by default info.
 */
export function createLogger(
  service: string,
  fields: Record<string, unknown> = {},
  destination: { write(line: string): void } = standardOutput(),
): ProcessLogger {
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

/** A logger that logs nothing. */
export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLogger,
};
