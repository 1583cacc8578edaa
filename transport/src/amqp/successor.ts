import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '@wscluster/service';
import { backoffMs } from '../backoff.ts';
import type { LiveAddress } from '../live-address.ts';
import { Outage, reasonOf } from '../outage.ts';
import type { AmqpAddress } from './address.ts';
import type { Link } from './link.ts';
import { RECONNECT } from './options.ts';
import { amqpProblem } from './problem.ts';

/** A link, and where it leads to. */
export interface Reached {
  readonly link: Link;
  readonly address: AmqpAddress;
}

export interface SuccessorOptions {
  /** Where the link that is used leads to. */
  readonly former: AmqpAddress;
  readonly address: LiveAddress<AmqpAddress>;
  open(address: AmqpAddress, signal: AbortSignal): Promise<Link>;
  readonly log: Logger;
}

/** Waits until the URL has changed, and then for a link by it, while the one before is used. */
export class Successor {
  /** Resolves with a link by a newer URL, once there is one. */
  readonly found: Promise<Reached | undefined>;
  readonly #options: SuccessorOptions;
  readonly #stop = new AbortController();

  constructor(options: SuccessorOptions) {
    this.#options = options;
    this.found = this.#find();
  }

  /** Ends the search; what it has found by now is the caller's to use or to close. */
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
        return { link: await open(newer, signal), address: newer };
      } catch (error) {
        const problem = amqpProblem(newer, reasonOf(error));
        if (!signal.aborted) outage.failed({ ...problem, text: `${problem.text}; the connection before goes on` });
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
      // Between the look before and the listener.
      if (address.value !== former || signal.aborted) done();
    });
  }
}
