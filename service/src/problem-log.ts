import type { Logger } from './log.ts';
import type { FailureFields, RecoveryFields } from './trouble.ts';

export interface LoggedProblem {
  readonly fields: FailureFields;
  readonly text: string;
}

/**
 * Logs what is wrong with each of many things: its problems at warn whenever they differ from those before, and once
 * at info that there are none any more.
 */
export class ProblemLog {
  readonly #log: Logger;
  /** The problems that were logged last, by id. */
  readonly #logged = new Map<string, string>();

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Takes in all problems of one thing. `solved`: the line for when the last one is gone. */
  note(
    id: string,
    problems: readonly LoggedProblem[],
    solved: { readonly fields: RecoveryFields; readonly text: string },
  ): void {
    const now = JSON.stringify(problems);
    if (now === (this.#logged.get(id) ?? '[]')) return;
    this.#logged.set(id, now);
    for (const { fields, text } of problems) this.#log.warn(fields, text);
    if (problems.length === 0) this.#log.info(solved.fields, solved.text);
  }

  /** Forgets all other things: one that comes back is a new one. */
  keepOnly(ids: ReadonlySet<string>): void {
    for (const id of this.#logged.keys()) if (!ids.has(id)) this.#logged.delete(id);
  }
}
