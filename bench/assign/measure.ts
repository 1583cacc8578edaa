import type { Node } from './rules.ts';

/** What a change has moved, relative to the difference that it makes to the share of the node. */
export interface Moved {
  readonly moved: number;
  /** The most of a node afterwards, relative to its share. */
  readonly peak: number;
}

export interface Change {
  readonly name: string;
  readonly after: readonly Node[];
  /** The node whose part changes. */
  readonly node: number;
}

/** The changes of a cluster of `count` equal nodes. */
export function changesOf(before: readonly Node[]): Change[] {
  const count = before.length;
  const first = before[0]?.ringId ?? 0;
  return [
    { name: 'one more', after: [...before, { ringId: count, weight: 1 }], node: count },
    { name: 'one fewer', after: before.slice(1), node: first },
    {
      name: 'one twice as heavy',
      after: before.map((node) => (node.ringId === first ? { ...node, weight: 2 } : node)),
      node: first,
    },
  ];
}

/** Compares owners of the same things before and after a change. */
export function measure(
  before: Uint16Array,
  owners: Uint16Array,
  nodes: readonly Node[],
  { after, node }: Change,
): Moved {
  const share = (of: readonly Node[]) => {
    const weight = of.find(({ ringId }) => ringId === node)?.weight ?? 0;
    return (owners.length * weight) / of.reduce((sum, member) => sum + member.weight, 0);
  };
  const ideal = Math.abs(share(after) - share(nodes));
  const moved = before.reduce((sum, owner, at) => sum + Number(owner !== owners[at]), 0);
  return { moved: moved / ideal, peak: peakOf(owners, after) };
}

/** The most that a node has, relative to its share by weight. */
export function peakOf(owners: Uint16Array, nodes: readonly Node[]): number {
  const counts = new Map<number, number>();
  for (const owner of owners) counts.set(owner, (counts.get(owner) ?? 0) + 1);
  const total = nodes.reduce((sum, { weight }) => sum + weight, 0);
  const peaks = nodes.map(({ ringId, weight }) => ((counts.get(ringId) ?? 0) * total) / (owners.length * weight));
  return Math.max(...peaks);
}
