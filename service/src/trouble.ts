import type { Logger } from './log.ts';

/** The fields of a log line. `event` is a stable name for searches and alerts. */
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
   * Reports a failure. Without `cause` there is one line until it recovers; with `cause`, a failure with a different
   * cause than the last one is logged as a new one.
   */
  failed(fields: FailureFields, text: string, cause?: string): void {
    const isNew = this.#problem === undefined || (cause !== undefined && cause !== this.#cause);
    this.#problem = text;
    this.#cause = cause ?? this.#cause;
    this.#log[isNew ? this.#level : 'debug'](fields, text);
  }

  /** Reports success. Logs at info if it was broken; without `fields` it logs nothing. */
  recovered(fields?: RecoveryFields, text?: string): void {
    if (this.#problem === undefined) return;
    this.#problem = undefined;
    this.#cause = undefined;
    if (fields !== undefined) this.#log.info(fields, text);
  }
}
