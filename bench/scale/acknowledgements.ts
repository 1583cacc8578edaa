import { compareRevisions, REVISION_ZERO, type Revision } from '@wscluster/ring';

/** Which ring all gateways have acknowledged. */
export class Acknowledgements {
  readonly #count: number;
  readonly #applied = new Map<string, Revision>();

  /** `count`: gateways that there are. */
  constructor(count: number) {
    this.#count = count;
  }

  take(gateway: string, applied: Revision): void {
    this.#applied.set(gateway, applied);
  }

  /** The newest revision that all of them route by. */
  get all(): Revision {
    if (this.#applied.size < this.#count) return REVISION_ZERO;
    return [...this.#applied.values()].reduce((least, one) => (compareRevisions(one, least) < 0 ? one : least));
  }
}
