/** Exit codes of `wscluster`, for scripts. */
export const EXIT = {
  ok: 0,
  /** The API refused, or a process failed. The reason is on stderr. */
  failed: 1,
  /** Wrong usage; for processes also an invalid configuration. */
  usage: 2,
  /** Nothing answers at the API's address. */
  unreachable: 3,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export const EXIT_HELP = 'Exit codes: 0 success, 1 failure (see stderr), 2 wrong usage, 3 the API is not reachable.';
