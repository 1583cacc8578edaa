/** How `wscluster` ends, for scripts. */
export const EXIT = {
  ok: 0,
  /** It did not work: the API said no, or a process ended with a failure. The reason is on stderr. */
  failed: 1,
  /** Wrong usage; for processes also an unusable configuration. */
  usage: 2,
  /** Nobody answers at the API's address. */
  unreachable: 3,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export const EXIT_HELP =
  'Exit codes: 0 it worked, 1 it failed (see stderr), 2 wrong usage, 3 the API is not reachable.';
