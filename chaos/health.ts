import type { LoggedProcess } from '../test/e2e/support/processes.ts';
import type { System } from '../test/e2e/support/system.ts';
import type { Violation } from './history.ts';

/** Watches over the processes of a system: none may end by itself, or go on after an error that nobody caught. */
export class Health {
  /** Processes that a fault has ended. */
  readonly ended = new Set<LoggedProcess>();
  readonly #system: System;
  readonly #seen = new Map<LoggedProcess, string>();
  readonly #told = new Set<string>();

  constructor(system: System) {
    this.#system = system;
  }

  /** What is new since the last look. */
  look(): Violation[] {
    const { controllers, gateways } = this.#system;
    controllers.forEach(({ process }, index) => {
      this.#seen.set(process, `controller-${index + 1}`);
    });
    for (const { process, id } of gateways) this.#seen.set(process, id);
    return [...this.#seen]
      .flatMap(([process, name]) =>
        this.#complaints(process).map((detail) => `${name}, process ${process.pid}: ${detail}`),
      )
      .filter((detail) => !this.#told.has(detail))
      .map((detail) => {
        this.#told.add(detail);
        return { rule: 'processes', at: performance.now(), detail };
      });
  }

  #complaints(process: LoggedProcess): string[] {
    const isMissed = process.ended && !this.ended.has(process);
    const uncaught = process.lines
      .filter(({ event = '', level }) => /unhandled|uncaught/.test(event) || (isMissed && level === 'fatal'))
      .map((line) => JSON.stringify(line));
    if (!isMissed) return uncaught;
    const { exitCode, signalCode } = process.child;
    return [...uncaught, `ended by itself with ${exitCode ?? signalCode}: ${process.other.slice(-5).join(' | ')}`];
  }
}
