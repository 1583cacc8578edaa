import { messageOf } from '@wscluster/ring';
import { optionName, type ProcessLogger } from '@wscluster/service';
import { type GatewayConfig, OPTIONS } from './config.ts';
import type { Gateway } from './gateway.ts';

/** What takes effect at once. Everything else is tied to sockets, or to names that the controller knows. */
const LIVE: ReadonlySet<keyof GatewayConfig> = new Set(['unreadyMs', 'drainMs', 'logLevel']);

/**
 * Reloads the options and applies what can change while clients stay connected. Logs what has changed, and what needs a
 * restart. Invalid options change nothing. Limits are not among these options: they come with the ring.
 */
export class Reloader {
  readonly #read: () => GatewayConfig | undefined;
  readonly #gateway: Pick<Gateway, 'change'>;
  readonly #log: ProcessLogger;
  #config: GatewayConfig;

  /** `config`: the options that the gateway was started with. */
  constructor(
    config: GatewayConfig,
    read: () => GatewayConfig | undefined,
    gateway: Pick<Gateway, 'change'>,
    log: ProcessLogger,
  ) {
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
      const action = 'correct the options and send SIGHUP again';
      this.#log.error({ event: 'reload-failed', error, action }, `${messageOf(error)}; the options stay as they were`);
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
    this.#log.level = logLevel;
    this.#gateway.change({ unreadyMs, drainMs });
    this.#log.info({ event: 'reloaded', changed }, `reloaded: ${changed.join(', ') || 'nothing'} changed`);
    if (waiting.length > 0)
      this.#log.warn(
        { event: 'restart-needed', options: waiting, action: 'restart this gateway to apply them' },
        `changed, but only after a restart: ${waiting.join(', ')}`,
      );
  }
}

function nameOf(key: string): string {
  return optionName(OPTIONS, key);
}
