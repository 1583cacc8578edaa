import type { ReadinessRule } from '../../core/ports/readiness-rule.ts';

/** How nodes run as containers. */
export interface DockerNodeSettings {
  /** Image of managed nodes; without it, none can be created. */
  readonly image?: string;
  /** Port that nodes listen on inside their containers, unless the label `wscluster.io/port` says otherwise. */
  readonly port: number;
  /** Labels that make a container a node of the cluster; all must match. */
  readonly selector: Readonly<Record<string, string>>;
  /** Docker network of the nodes. Needed only if a container is on several. */
  readonly network?: string;
  /** `network`: the container's IP on its network. `publishedPort`: the port that the engine's host publishes. */
  readonly addressFrom: 'network' | 'publishedPort';
  /** Host where published ports, and ports of containers on the host's network, are reached. */
  readonly publishedHost: string;
  /** Seconds that a draining node may take to hand over its clients. */
  readonly drainSeconds: number;
  /** Environment of managed nodes, in addition to what the controller sets. */
  readonly env?: Readonly<Record<string, string>>;
  /** Program and arguments of managed nodes; the image's own when undefined. */
  readonly command?: readonly string[];
  /** When a container without a HEALTHCHECK is ready. */
  readonly readiness: ReadinessRule;
}
