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
  const ideal = idealOf(owners.length, nodes, { after, node });
  const moved = before.reduce((sum, owner, at) => sum + Number(owner !== owners[at]), 0);
  return { moved: moved / ideal, peak: peakOf(owners, after) };
}

/**
 * The fewest that any rule has to move so that afterwards no node has more than its share and `tolerance`, relative to
 * the same ideal: what nodes have beyond that, and all that a node has which goes; or what the node lacks that comes.
 */
export function leastMoved(
  before: Uint16Array,
  nodes: readonly Node[],
  { after, node }: Pick<Change, 'after' | 'node'>,
  tolerance: number,
): number {
  const counts = countsOf(before);
  const total = sumOfWeights(after);
  const shareOf = ({ weight }: Node) => (before.length * weight) / total;
  const most = new Map(after.map((member) => [member.ringId, shareOf(member) * (1 + tolerance)]));
  const beyond = [...counts].reduce((sum, [ringId, count]) => {
    const limit = most.get(ringId);
    return (
      sum +
      Math.max(0, count - (limit === undefined ? 0 : Math.max(Math.ceil(limit / (1 + tolerance)), Math.floor(limit))))
    );
  }, 0);
  const changed = after.find(({ ringId }) => ringId === node);
  const lacking = changed === undefined ? 0 : Math.floor(shareOf(changed) * (1 - tolerance)) - (counts.get(node) ?? 0);
  return Math.max(beyond, lacking) / idealOf(before.length, nodes, { after, node });
}

/** The most that a node has, relative to its share by weight. */
export function peakOf(owners: Uint16Array, nodes: readonly Node[]): number {
  const counts = countsOf(owners);
  const total = sumOfWeights(nodes);
  const peaks = nodes.map(({ ringId, weight }) => ((counts.get(ringId) ?? 0) * total) / (owners.length * weight));
  return Math.max(...peaks);
}

/** By how much the part of the node differs that comes, goes or changes its weight. */
function idealOf(all: number, nodes: readonly Node[], { after, node }: Pick<Change, 'after' | 'node'>): number {
  const share = (of: readonly Node[]) =>
    (all * (of.find(({ ringId }) => ringId === node)?.weight ?? 0)) / sumOfWeights(of);
  return Math.abs(share(after) - share(nodes));
}

function countsOf(owners: Uint16Array): Map<number, number> {
  const counts = new Map<number, number>();
  for (const owner of owners) counts.set(owner, (counts.get(owner) ?? 0) + 1);
  return counts;
}

function sumOfWeights(nodes: readonly Node[]): number {
  return nodes.reduce((sum, { weight }) => sum + weight, 0);
}
