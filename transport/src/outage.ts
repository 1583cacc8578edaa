import { type Logger, Trouble } from '@wscluster/service';

/** Why a server cannot be used at the moment, in words for an operator, without passwords. */
export interface Problem {
  /** Where the server is, without credentials. */
  readonly address: string;
  readonly text: string;
  /** What to do about it. */
  readonly action: string;
  /**
   * It does not pass by itself: wrong credentials, a wrong name. It is logged even if another problem came before it.
   */
  readonly misconfigured: boolean;
}

export interface OutageOptions {
  /** First word of the events: `bus` makes `bus-connected`, `bus-connect-failed`, `bus-disconnected`. */
  readonly what: string;
  readonly log: Logger;
}

/**
 * Logs a connection that comes and goes: one line when it is lost (or fails at first), and one when it is established,
 * however many attempts there are in between. A misconfiguration that shows only later gets its own line.
 */
export class Outage {
  readonly #options: OutageOptions;
  readonly #trouble: Trouble;
  #connected = false;

  constructor(options: OutageOptions) {
    this.#options = options;
    this.#trouble = new Trouble(options.log);
  }

  failed({ address, text, action, misconfigured }: Problem): void {
    const { what } = this.#options;
    const event = this.#connected ? `${what}-disconnected` : `${what}-connect-failed`;
    this.#connected = false;
    this.#trouble.failed({ event, address, action }, text, misconfigured ? text : undefined);
  }

  /** `address`: where the server is, without credentials. */
  recovered(address: string): void {
    const { what, log } = this.#options;
    this.#connected = true;
    this.#trouble.recovered();
    log.info({ event: `${what}-connected`, address }, `connected to ${address}`);
  }
}

/**
 * The message, with the system's error code if the message lacks it (a failed connect to several addresses has no
 * message).
 */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (error.message === '') return code;
  return code === '' || error.message.includes(code) ? error.message : `${error.message} (${code})`;
}
