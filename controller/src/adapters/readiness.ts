import { get } from 'node:http';

/** Time between probes, ms: short while a node starts, because clients wait for it. */
const STARTING_PROBE_MS = 50;
const PROBE_MS = 500;
/** After this long, a node is no longer expected to become ready soon, ms. */
const STARTING_MS = 30_000;
const PROBE_TIMEOUT_MS = 1000;
/** Failed probes in a row until a ready node counts as unready. */
const UNREADY_AFTER = 3;
/** A body longer than this is not the word `draining`. */
const MAX_BODY = 256;

export type ProbeResult =
  | { readonly state: 'ready' | 'draining' }
  /** `reason` completes "the probe failed: ...". */
  | { readonly state: 'failed'; readonly reason: string };

export interface ProbeOptions {
  /** Default `/readyz`. */
  readonly path?: string;
  /** Milliseconds until silence counts as failed, default 1000. */
  readonly timeoutMs?: number;
  /** Ends the probe early; it then counts as failed. */
  readonly signal?: AbortSignal;
}

/**
 * Asks a node by GET whether it is ready. The body `draining` means draining. 200 means ready, and so does every other
 * answer below 500: a backend that knows nothing about wscluster answers 404 or 426. 5xx, a refused connection and
 * silence mean failed.
 */
export function probeReadiness(address: string, options: ProbeOptions = {}): Promise<ProbeResult> {
  const { path = '/readyz', timeoutMs = PROBE_TIMEOUT_MS, signal } = options;
  return new Promise((resolve) => {
    let status = 0;
    let body = '';
    let silent = false;
    const finish = (failure?: string) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      if (body.trim() === 'draining') resolve({ state: 'draining' });
      // For a body without an end the status decides: some backends stream on every path.
      else if (status > 0 && status < 500) resolve({ state: 'ready' });
      else if (status > 0) resolve({ state: 'failed', reason: `${path} answers ${status}` });
      else resolve({ state: 'failed', reason: silent ? `no answer within ${timeoutMs} ms` : (failure ?? 'no answer') });
      request.destroy();
    };
    const end = () => finish();
    const timer = setTimeout(() => {
      silent = true;
      finish();
    }, timeoutMs);
    const request = get(`http://${address}${path}`, { agent: false }, (res) => {
      status = res.statusCode ?? 0;
      res.setEncoding('utf8');
      res.on('data', (chunk: string) => {
        body += chunk;
        if (body.length > MAX_BODY) finish();
      });
      res.on('end', end);
      res.on('error', end);
    });
    request.on('error', (error) => finish(error.message));
    signal?.addEventListener('abort', end);
  });
}

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
    const startsNow = this.#phase === 'starting' && performance.now() - this.#since < STARTING_MS;
    return startsNow ? STARTING_PROBE_MS : PROBE_MS;
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
