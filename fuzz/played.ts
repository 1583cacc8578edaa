import type { Case, Mark, Way } from './case.ts';
import type { ChangingRing } from './changing-ring.ts';
import { Marks } from './marks.ts';
import type { Patience } from './patience.ts';

/** A case while it is played: both ends of its connection, and the owner of its key. */
export class Played {
  readonly steps: Case;
  readonly number: number;
  readonly client: Marks;
  readonly #ring: ChangingRing;
  readonly #patience: Patience;
  readonly #nodes = new Set<Marks>();

  constructor(steps: Case, number: number, ring: ChangingRing, patience: Patience) {
    this.steps = steps;
    this.number = number;
    this.client = new Marks(patience);
    this.#ring = ring;
    this.#patience = patience;
    if (steps.wanders) ring.move(this.key, 'on');
  }

  /** What stands in place of CASE_KEY. */
  get key(): string {
    return `case-${this.number}`;
  }

  /** Resolves once the gateway has been told. */
  move(way: Way): Promise<void> {
    this.#ring.move(this.key, way);
    return this.#ring.told;
  }

  /** A node's end of the connection. */
  atNode(): Marks {
    const marks = new Marks(this.#patience);
    this.#nodes.add(marks);
    return marks;
  }

  /** The node's end is over. */
  left(node: Marks): void {
    this.#nodes.delete(node);
    node.end();
    this.reach('left');
  }

  /** `node`: whom it happened to; default: all. */
  reach(mark: Mark, node?: Marks): void {
    this.client.reach(mark);
    for (const marks of node === undefined ? this.#nodes : [node]) marks.reach(mark);
  }
}
