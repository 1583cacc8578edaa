import type { Logger } from './log.ts';

/** The fields of a log line, `event` first: a stable name to search and alert by. */
export interface RecoveryFields {
  readonly event: string;
  readonly [field: string]: unknown;
}

export interface FailureFields extends RecoveryFields {
  /** What an operator should do about it. */
  readonly action: string;
}

/**
 * Logs one thing that can fail again and again: one line when it breaks, one when it works again, however often it is
 * tried in between. Further failures are logged at debug.
 */
export class Trouble {
  readonly #log: Logger;
  readonly #level: 'warn' | 'error';
  #problem: string | undefined;
  #cause: string | undefined;

  /** `level`: of the line about the failure, default `warn`. */
  constructor(log: Logger, { level = 'warn' }: { readonly level?: 'warn' | 'error' } = {}) {
    this.#log = log;
    this.#level = level;
  }

  /** The text of the last failure; undefined while all is well. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /**
   * It did not work. With a `cause`, a failure whose cause differs from the last one is logged as a new one; without,
   * there is one line until it recovers.
   */
  failed(fields: FailureFields, text: string, cause?: string): void {
    const isNew = this.#problem === undefined || (cause !== undefined && cause !== this.#cause);
    this.#problem = text;
    this.#cause = cause ?? this.#cause;
    this.#log[isNew ? this.#level : 'debug'](fields, text);
  }

  /** It works. Logs at info if it was broken; nothing without `fields`. */
  recovered(fields?: RecoveryFields, text?: string): void {
    if (this.#problem === undefined) return;
    this.#problem = undefined;
    this.#cause = undefined;
    if (fields !== undefined) this.#log.info(fields, text);
  }
}
