import { messageOf, WsClusterError } from '@wscluster/ring';
import { inBackground, type Logger, Trouble, withDeadline } from '@wscluster/service';
import { type Engine, isSocketGone } from './engine.ts';

/** How often the engine is asked whether it answers, ms. */
const LOOK_MS = 2000;
/** How long it has to answer, ms: as long as a controller waits for it. */
const ANSWER_MS = 5000;

/** Asks the engine every 2 s whether it answers. */
export class EngineWatch {
  readonly #engine: Engine;
  readonly #onSocketGone: () => void;
  readonly #trouble: Trouble;
  readonly #closing = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #looking = false;
  #answered = false;

  constructor(engine: Engine, log: Logger, onSocketGone: () => void) {
    this.#engine = engine;
    this.#onSocketGone = onSocketGone;
    this.#trouble = new Trouble(log, { level: 'error' });
    const look = () => inBackground(log, 'engine-look-broken', this.#look());
    this.#timer = setInterval(look, LOOK_MS);
    look();
  }

  /** Why the engine did not answer last time; undefined if it did. */
  get problem(): string | undefined {
    return this.#trouble.problem ?? (this.#answered ? undefined : 'waiting for the first answer of the Docker engine');
  }

  close(): void {
    clearInterval(this.#timer);
    this.#closing.abort();
  }

  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      await withDeadline({ ms: ANSWER_MS, late: () => this.#late(), signal: this.#closing.signal }, async (signal) => {
        const answer = await this.#engine.ask({ method: 'GET', path: '/_ping' }, signal);
        answer.destroy();
      });
      this.#answered = true;
      this.#trouble.recovered({ event: 'engine-reachable' }, 'the Docker engine answers again');
    } catch (error) {
      if (!this.#closing.signal.aborted) this.#failed(error);
    } finally {
      this.#looking = false;
    }
  }

  #late(): WsClusterError {
    const { socket } = this.#engine;
    return new WsClusterError(
      'SOURCE_UNAVAILABLE',
      `the Docker engine at ${socket} does not answer within ${ANSWER_MS / 1000} s`,
    );
  }

  #failed(error: unknown): void {
    const action = 'see the message; the proxy tries again until the engine answers';
    this.#trouble.failed({ event: 'engine-unreachable', error, action }, messageOf(error));
    if (isSocketGone(error)) this.#onSocketGone();
  }
}
