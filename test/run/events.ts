// What vitest's reporter tells the process that started vitest.

export interface FileBegan {
  readonly say: 'began';
  /** From the root of the repository. */
  readonly file: string;
}

export interface FileEnded {
  readonly say: 'ended';
  readonly file: string;
  readonly passed: number;
  /** Names of failed tests, hooks and imports, each with a line on its error. */
  readonly failures: readonly string[];
  /** From the start of its worker, its hooks included. */
  readonly ms: number;
}

export interface RunEnded {
  readonly say: 'over';
  /** Errors outside of any file. */
  readonly failures: readonly string[];
}

export type VitestEvent = FileBegan | FileEnded | RunEnded;
