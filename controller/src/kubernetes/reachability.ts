import type { WsClusterError } from '@wscluster/ring';
import type { Logger } from '@wscluster/service';

/** Tells once when the API server cannot be reached, and once when it answers again, whoever asks it how often. */
export class Reachability {
  readonly #server: string;
  readonly #log: Logger;
  #unreachable = false;

  constructor(server: string, log: Logger) {
    this.#server = server;
    this.#log = log;
  }

  failed(error: WsClusterError): void {
    if (this.#unreachable) return;
    this.#unreachable = true;
    this.#log.warn(
      {
        event: 'kubernetes-unreachable',
        address: this.#server,
        error,
        action: 'see the message; it is tried again until it works, and meanwhile all goes on as it is',
      },
      error.message,
    );
  }

  answered(): void {
    if (!this.#unreachable) return;
    this.#unreachable = false;
    this.#log.info(
      { event: 'kubernetes-reachable', address: this.#server },
      `Kubernetes at ${this.#server} answers again`,
    );
  }
}
