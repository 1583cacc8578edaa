import type { WsClusterError } from '@wscluster/ring';
import { type Logger, Trouble } from '@wscluster/service';

/** A single failed request may only be a cut connection. */
const FAILURES = 2;

/** Logs once that the API server cannot be reached, and once that it answers again, for all callers together. */
export class Reachability {
  readonly #server: string;
  readonly #trouble: Trouble;
  /** Consecutive failures. */
  #failures = 0;

  constructor(server: string, log: Logger) {
    this.#server = server;
    this.#trouble = new Trouble(log);
  }

  failed(error: WsClusterError): void {
    this.#failures++;
    if (this.#failures < FAILURES) return;
    this.#trouble.failed(
      {
        event: 'kubernetes-unreachable',
        address: this.#server,
        error,
        action:
          'see the message; the controller keeps trying. Until Kubernetes answers, clients are still served, but no node is replaced and the ring does not follow the pods',
      },
      error.message,
    );
  }

  answered(): void {
    this.#failures = 0;
    this.#trouble.recovered(
      { event: 'kubernetes-reachable', address: this.#server },
      `Kubernetes at ${this.#server} answers again`,
    );
  }
}
