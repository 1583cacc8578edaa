import type { WsClusterError } from '@wscluster/ring';
import type { Logger } from '@wscluster/service';

/** One request that fails is one connection that was cut. */
const FAILURES = 2;

/** Tells once when the API server cannot be reached, and once when it answers again, whoever asks it how often. */
export class Reachability {
  readonly #server: string;
  readonly #log: Logger;
  /** In a row. */
  #failures = 0;

  constructor(server: string, log: Logger) {
    this.#server = server;
    this.#log = log;
  }

  failed(error: WsClusterError): void {
    this.#failures++;
    if (this.#failures !== FAILURES) return;
    this.#log.warn(
      {
        event: 'kubernetes-unreachable',
        address: this.#server,
        error,
        action:
          'see the message; it is tried again until it works. Clients stay served; but when the Lease runs out nobody leads, and no node is replaced and no ring changed until it answers',
      },
      error.message,
    );
  }

  answered(): void {
    const told = this.#failures >= FAILURES;
    this.#failures = 0;
    if (!told) return;
    this.#log.info(
      { event: 'kubernetes-reachable', address: this.#server },
      `Kubernetes at ${this.#server} answers again`,
    );
  }
}
