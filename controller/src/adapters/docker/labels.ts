import { maxConnectionsSchema, weightSchema } from '@wscluster/ring';

/** Labels of containers that wscluster reads. */
export const LABELS = {
  /** The cluster that a container belongs to. */
  cluster: 'wscluster.io/cluster',
  /** `true` on containers that the controller created, and may end. */
  managed: 'wscluster.io/managed',
  /** Weight of this node, 0.01 to 1000. */
  weight: 'wscluster.io/weight',
  /** Limit of connections of this node, 0 to 10,000,000; 0: none. */
  maxConnections: 'wscluster.io/max-connections',
  /** Port of this node inside its container. */
  port: 'wscluster.io/port',
  /** `true`: the node drains from the start. */
  drain: 'wscluster.io/drain',
} as const;

export type Labels = Readonly<Record<string, string>>;

export interface NodeLabels {
  readonly weight: number | undefined;
  readonly maxConnections: number | undefined;
  readonly port: number | undefined;
  readonly drain: boolean;
  /** Labels with unusable values, in words. */
  readonly problems: readonly string[];
}

/** What a container's labels say about the node. An unusable value counts as missing. */
export function nodeLabels(labels: Labels): NodeLabels {
  const problems: string[] = [];
  const read = (name: string, allowed: string, isValid: (value: number) => boolean): number | undefined => {
    const text = labels[name]?.trim();
    if (text === undefined || text === '') return undefined;
    const value = Number(text);
    if (isValid(value)) return value;
    problems.push(`label ${name} is ${JSON.stringify(text)}: must be ${allowed}`);
    return undefined;
  };
  return {
    weight: read(LABELS.weight, 'a number from 0.01 to 1000', (value) => weightSchema.safeParse(value).success),
    maxConnections: read(
      LABELS.maxConnections,
      'a whole number from 0 to 10000000',
      (value) => maxConnectionsSchema.safeParse(value).success,
    ),
    port: read(
      LABELS.port,
      'a port from 1 to 65535',
      (value) => Number.isInteger(value) && value > 0 && value < 65_536,
    ),
    drain: labels[LABELS.drain] === 'true',
    problems,
  };
}

/** Labels of the containers that this cluster's controller creates. */
export function managedLabels(cluster: string): Labels {
  return { [LABELS.cluster]: cluster, [LABELS.managed]: 'true' };
}

/** True when this cluster's controller created the container. */
export function isManaged(labels: Labels, cluster: string): boolean {
  return labels[LABELS.managed] === 'true' && labels[LABELS.cluster] === cluster;
}

/**
 * True when the container is a node of the cluster: it has the selector's labels and does not belong to another
 * cluster.
 */
export function isSelected(labels: Labels, selector: Labels, cluster: string): boolean {
  if (isManaged(labels, cluster)) return true;
  if ((labels[LABELS.cluster] ?? cluster) !== cluster) return false;
  return Object.entries(selector).every(([name, value]) => labels[name] === value);
}
