import type { Workload } from '../ports/workload-source.ts';

/**
 * Who replaces whom when a workload of somebody else is updated: its nodes of a newer template replace those of an
 * older one, one for one. A template is told from another by its nodes: theirs were created later.
 */
export class Succession {
  /** Newcomers that have no predecessor yet. */
  readonly #successors: Set<Workload>;
  /** Nodes that a newcomer waits for. */
  readonly #awaited = new Set<Workload>();

  /** `newcomers`: ready, and not on the ring. */
  constructor(newcomers: readonly Workload[]) {
    this.#successors = new Set(newcomers);
  }

  /** Whether a newcomer replaces this node, which leaves; each newcomer replaces one. */
  follows(leaver: Workload | undefined): boolean {
    if (leaver === undefined) return false;
    const successor = [...this.#successors].find((newcomer) => replaces(newcomer, leaver));
    return successor !== undefined && this.#successors.delete(successor);
  }

  /** Whether a newcomer will replace one of these members, which no other newcomer waits for. */
  awaits(newcomer: Workload, members: readonly Workload[]): boolean {
    const predecessor = members.find((member) => !this.#awaited.has(member) && replaces(newcomer, member));
    if (predecessor === undefined) return false;
    this.#awaited.add(predecessor);
    return true;
  }
}

function replaces(newcomer: Workload, { made, createdAt = 0 }: Workload): boolean {
  return (
    made !== undefined &&
    newcomer.made?.by === made.by &&
    newcomer.made.template !== made.template &&
    (newcomer.createdAt ?? 0) > createdAt
  );
}
