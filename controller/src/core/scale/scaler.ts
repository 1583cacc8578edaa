import { messageOf, WsClusterError } from '@wscluster/ring';
import { type Logger, Trouble } from '@wscluster/service';
import type { Workload, WorkloadSource } from '../ports/workload-source.ts';
import { CreationBackoff } from './creation-backoff.ts';
import { planScale, type ScaleInput } from './scale.ts';

/** After a failure to start or stop nodes, how long to wait before a retry, ms. */
const RETRY_MS = 1000;

/** Carries out the scale plan. It never throws: nodes that cannot be started must not delay a ring. */
export class Scaler {
  readonly #source: WorkloadSource;
  readonly #log: Logger;
  readonly #trouble: Trouble;
  readonly #backoff = new CreationBackoff();
  #problem: string | undefined;
  /** Why the last node could not be started. */
  #refusal: unknown;

  constructor(source: WorkloadSource, log: Logger) {
    this.#source = source;
    this.#log = log;
    this.#trouble = new Trouble(log, { level: 'error' });
  }

  /** Why nodes could not be started or stopped at the last try, or what their source cannot keep. */
  get problem(): string | undefined {
    return this.#problem ?? this.#source.problem;
  }

  async create(): Promise<string> {
    try {
      const id = await this.#source.create();
      this.#backoff.created(id, performance.now());
      this.#refusal = undefined;
      return id;
    } catch (error) {
      this.#backoff.refused(performance.now());
      this.#refusal = error;
      throw error;
    }
  }

  /** Milliseconds after which to scale again; undefined: on the next event. */
  async scale(input: ScaleInput): Promise<number | undefined> {
    try {
      const againMs = await this.#carryOut(input);
      this.#trouble.recovered({ event: 'scale-recovered' }, 'nodes can be started and stopped again');
      this.#problem = undefined;
      return againMs;
    } catch (error) {
      this.#problem = messageOf(error);
      // Logged once, whatever the cause: the status has the present problem.
      this.#trouble.failed(
        { event: 'scale-failed', error, action: 'fix the cause; the controller tries again within 10 s' },
        `a node cannot be started or stopped: ${this.#problem}`,
      );
      return Math.max(RETRY_MS, this.#backoff.waitMs(performance.now()));
    }
  }

  async #carryOut(input: ScaleInput): Promise<number | undefined> {
    const plan = planScale(input);
    for (const id of plan.drain) await unlessGone(this.#source.drain(id));
    for (const id of plan.stop) await unlessGone(this.#source.stop(id));

    const now = performance.now();
    const idsOf = (test: (phase: Workload['phase']) => boolean) =>
      new Set(input.listing.filter(({ phase }) => test(phase)).map(({ id }) => id));
    this.#backoff.observe(
      idsOf((phase) => phase !== 'gone'),
      now,
      idsOf((phase) => phase === 'starting'),
    );
    const waitMs = this.#backoff.waitMs(now);
    if (plan.create === 0) this.#refusal = undefined;
    if (plan.create > 0 && waitMs > 0) {
      if (this.#refusal !== undefined) throw this.#refusal;
      this.#log.warn(
        {
          event: 'node-backoff',
          waitMs,
          action: 'see the output of the nodes: they exit, or are ended, before they are ready',
        },
        `nodes keep ending; the next one starts in ${Math.ceil(waitMs)} ms`,
      );
      return waitMs;
    }
    for (let n = 0; n < plan.create; n++) await this.create();
    return undefined;
  }
}

/** A node that has ended since the listing needs nothing more. */
async function unlessGone(asked: Promise<void>): Promise<void> {
  try {
    await asked;
  } catch (error) {
    if (!(error instanceof WsClusterError) || error.code !== 'NOT_FOUND') throw error;
  }
}
