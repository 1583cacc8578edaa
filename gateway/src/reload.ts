import { messageOf } from '@wscluster/ring';
import { type Logger, optionName } from '@wscluster/service';
import { type GatewayConfig, OPTIONS } from './config.ts';
import type { Gateway } from './gateway.ts';

/** What holds at once; all else is bound to sockets and names that connections or the controller go by. */
const LIVE: ReadonlySet<keyof GatewayConfig> = new Set(['unreadyMs', 'drainMs', 'logLevel']);

/**
 * Reads the options again and takes over what can change while clients stay connected; says what did, and what waits for
 * a restart. Options that are not valid change nothing. The limits of clients are none of these: they come with the ring.
 */
export class Reloader {
  readonly #read: () => GatewayConfig | undefined;
  readonly #gateway: Gateway;
  readonly #log: Logger;
  #config: GatewayConfig;

  /** `config`: what the gateway was started with. */
  constructor(config: GatewayConfig, read: () => GatewayConfig | undefined, gateway: Gateway, log: Logger) {
    this.#config = config;
    this.#read = read;
    this.#gateway = gateway;
    this.#log = log;
  }

  reload(): void {
    let next: GatewayConfig | undefined;
    try {
      next = this.#read();
    } catch (error) {
      const action = 'mend the options and send SIGHUP again';
      this.#log.error({ event: 'reload-failed', error, action }, `${messageOf(error)}; going on as before`);
      return;
    }
    if (next === undefined) return;
    const before = this.#config;
    const differing = (Object.keys(next) as (keyof GatewayConfig)[]).filter(
      (key) => JSON.stringify(next[key]) !== JSON.stringify(before[key]),
    );
    const changed = differing.filter((key) => LIVE.has(key)).map(nameOf);
    const waiting = differing.filter((key) => !LIVE.has(key)).map(nameOf);

    const { unreadyMs, drainMs, logLevel } = next;
    this.#config = { ...before, unreadyMs, drainMs, logLevel };
    this.#gateway.change({ unreadyMs, drainMs });
    this.#log.level = logLevel;
    this.#log.info({ event: 'reloaded', changed }, `reloaded: ${changed.join(', ') || 'nothing'} changed`);
    if (waiting.length > 0)
      this.#log.warn(
        { event: 'restart-needed', options: waiting, action: 'restart this gateway for them to hold' },
        `changed, but held only after a restart: ${waiting.join(', ')}`,
      );
  }
}

function nameOf(key: string): string {
  return optionName(OPTIONS, key);
}
