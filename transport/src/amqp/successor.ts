import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '@wscluster/service';
import { backoffMs } from '../backoff.ts';
import type { LiveAddress } from '../live-address.ts';
import { Outage, reasonOf } from '../outage.ts';
import type { AmqpAddress } from './address.ts';
import type { AmqpConnection } from './connection.ts';
import { RECONNECT } from './options.ts';
import { amqpProblem } from './problem.ts';

/** A connection and its address. */
export interface Reached {
  readonly connection: AmqpConnection;
  readonly address: AmqpAddress;
}

export interface SuccessorOptions {
  /** The address of the connection in use. */
  readonly former: AmqpAddress;
  readonly address: LiveAddress<AmqpAddress>;
  open(address: AmqpAddress, signal: AbortSignal): Promise<AmqpConnection>;
  readonly log: Logger;
}

/** Waits until the URL changes, and then opens a connection to it while the previous connection stays in use. */
export class Successor {
  /** Resolves with a connection for a newer URL, once there is one. */
  readonly found: Promise<Reached | undefined>;
  readonly #options: SuccessorOptions;
  readonly #stop = new AbortController();

  constructor(options: SuccessorOptions) {
    this.#options = options;
    this.found = this.#find();
  }

  /** Ends the search. The caller has to use or close what it has found so far. */
  take(): Promise<Reached | undefined> {
    this.#stop.abort();
    return this.found;
  }

  async #find(): Promise<Reached | undefined> {
    const { former, address, open, log } = this.#options;
    const { signal } = this.#stop;
    let newer = former;
    let outage = new Outage({ what: 'bus', log });
    let attempt = 0;
    while (!signal.aborted) {
      if (newer !== address.value) {
        newer = address.value;
        outage = new Outage({ what: 'bus', log });
        attempt = 0;
      }
      if (newer === former) {
        await this.#changed();
        continue;
      }
      try {
        return { connection: await open(newer, signal), address: newer };
      } catch (error) {
        const problem = amqpProblem(newer, reasonOf(error));
        if (!signal.aborted)
          outage.failed({ ...problem, text: `${problem.text}; the previous connection stays in use` });
      }
      await sleep(backoffMs(++attempt, RECONNECT), undefined, { signal }).catch(() => {});
    }
    return undefined;
  }

  #changed(): Promise<void> {
    const { former, address } = this.#options;
    const { signal } = this.#stop;
    return new Promise((resolve) => {
      const done = () => {
        end();
        signal.removeEventListener('abort', done);
        resolve();
      };
      const end = address.onChange(done);
      signal.addEventListener('abort', done);
      // It may have changed before the listener was added.
      if (address.value !== former || signal.aborted) done();
    });
  }
}
