import type { ProbeResult } from './probe.ts';

/** Time between probes, ms: of a node that serves, ... */
const PROBE_MS = 1000;
/** ... of one that does not, or that has just failed to answer, ... */
const DOUBT_PROBE_MS = 500;
/** ... and of one that starts, because clients wait for it. */
const STARTING_PROBE_MS = 50;
/** After this long, a node is no longer expected to become ready soon, ms. */
const STARTING_MS = 30_000;
/** Failed probes in a row until a ready node counts as unready. */
const UNREADY_AFTER = 3;

/** What consecutive probes of a node mean: one success makes it ready, three failures make a ready node unready. */
export class Readiness {
  #phase: 'starting' | 'ready' | 'unready' = 'starting';
  #failures = 0;
  readonly #since = performance.now();

  get phase(): 'starting' | 'ready' | 'unready' {
    return this.#phase;
  }

  /** Milliseconds until it should be asked again. */
  get nextProbeMs(): number {
    if (this.#phase === 'ready' && this.#failures === 0) return PROBE_MS;
    const startsNow = this.#phase === 'starting' && performance.now() - this.#since < STARTING_MS;
    return startsNow ? STARTING_PROBE_MS : DOUBT_PROBE_MS;
  }

  /** A draining node still serves: the caller decides what that means for its phase. */
  take({ state }: ProbeResult): void {
    if (state === 'draining') return;
    if (state === 'ready') {
      this.#failures = 0;
      this.#phase = 'ready';
    } else if (this.#phase === 'ready' && ++this.#failures >= UNREADY_AFTER) this.interrupt();
  }

  /** It cannot serve for now, whatever its probes said. The next success makes it ready again. */
  interrupt(): void {
    this.#failures = 0;
    if (this.#phase === 'ready') this.#phase = 'unready';
  }
}
