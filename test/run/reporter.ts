import type { Reporter, SerializedError, TestModule } from 'vitest/node';
import type { FileBegan, FileEnded, RunEnded } from './events.ts';
import { failureLine } from './failure.ts';

/** Vitest reporter: tells the process that started vitest (by IPC) which file runs, and what came of it. */
export default class EventReporter implements Reporter {
  readonly #began = new Map<string, number>();

  onTestModuleQueued({ relativeModuleId: file }: TestModule): void {
    this.#began.set(file, performance.now());
    send({ say: 'began', file });
  }

  onTestModuleEnd(module: TestModule): void {
    const file = module.relativeModuleId;
    let passed = 0;
    const failures: string[] = [];
    for (const error of module.errors()) failures.push(failureLine(error));
    for (const suite of module.children.allSuites())
      for (const error of suite.errors()) failures.push(`${suite.fullName}: ${failureLine(error)}`);
    for (const test of module.children.allTests()) {
      const result = test.result();
      if (result.state === 'passed') passed++;
      else if (result.state === 'failed') failures.push(`${test.fullName}: ${failureLine(result.errors[0])}`);
    }
    const ms = performance.now() - (this.#began.get(file) ?? performance.now());
    send({ say: 'ended', file, passed, failures, ms });
  }

  /** An error outside of any test (an unhandled rejection) fails as a test does. */
  onTestRunEnd(_: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    send({ say: 'over', failures: unhandled.map((error) => failureLine(error)) });
  }
}

function send(event: FileBegan | FileEnded | RunEnded): void {
  process.send?.(event);
}
