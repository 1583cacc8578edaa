import { setTimeout as delay } from 'node:timers/promises';
import { formatRevision, messageOf, slotOf, WsClusterError } from '@wscluster/ring';
import type { Api } from '../api/api.ts';
import { readAnswer } from '../api/read-answer.ts';

/** Milliseconds between two looks at the cluster. */
const LOOK_MS = 200;

/** The cluster at one look. */
export interface Look {
  /** `epoch.version` of the ring. */
  readonly revision: string;
  /** The ring is at its target and on every gateway, all desired nodes exist, and no node is leaving. */
  readonly settled: boolean;
  /** Why it is not Ready, or that it is. */
  readonly message: string;
  readonly nodes: readonly { readonly id: string; readonly state: string; readonly connections: number }[];
  readonly gateways: number;
  /** Connections that moved without their clients noticing, since the gateways started. */
  readonly migrated: number;
  /** The owner of a key by the ring of this revision. */
  readonly ownerOf: (key: string) => string | undefined;
}

/** Looks at a cluster repeatedly. */
export class Watch {
  readonly #api: Api;
  readonly #name: string | undefined;
  #look: Look | undefined;
  #problem: string | undefined;

  /** `name` of the cluster; undefined if the controller runs a single one. */
  constructor(api: Api, name: string | undefined) {
    this.#api = api;
    this.#name = name;
  }

  /** The last successful look. */
  get look(): Look | undefined {
    return this.#look;
  }

  /** Why the last look failed; undefined when it succeeded. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Looks until `signal` is aborted; calls `onLook` after each look, even a failed one. A failure does not end it. */
  async run(onLook: () => void, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.lookOnce().catch((error: unknown) => {
        this.#problem = messageOf(error);
      });
      onLook();
      await delay(LOOK_MS, undefined, { signal }).catch(() => {});
    }
  }

  /** One look. Throws as the API does. */
  async lookOnce(): Promise<Look> {
    const { clusters } = readAnswer('Clusters', await this.#api.ask('GET', '/clusters'));
    const status = clusters.find(({ name }) => this.#name === undefined || name === this.#name)?.status;
    if (status === undefined) throw new WsClusterError('NOT_FOUND', `there is no cluster ${this.#name ?? ''}`);
    if (status === null) throw new WsClusterError('NO_LEADER', 'no controller leads the cluster now');
    const revision = formatRevision(status.ring);
    const { nodes } = readAnswer('Nodes', await this.#api.ask('GET', '/nodes'));
    const { gateways } = readAnswer('Gateways', await this.#api.ask('GET', '/gateways'));
    const ready = status.conditions.find(({ type }) => type === 'Ready');
    this.#look = {
      revision,
      settled: ready?.status === 'True' && status.nodes.draining === 0,
      message: ready?.message ?? 'starting',
      nodes,
      gateways: status.gateways.ready,
      migrated: gateways.reduce((sum, { migrated }) => sum + migrated, 0),
      ownerOf: this.#look?.revision === revision ? this.#look.ownerOf : await this.#owners(revision),
    };
    this.#problem = undefined;
    return this.#look;
  }

  async #owners(revision: string): Promise<(key: string) => string | undefined> {
    const ring = readAnswer('Ring', await this.#api.ask('GET', '/ring?slots=true'));
    // The ring changed between the two requests: a look that mixes two rings says nothing about anybody.
    if (formatRevision(ring.revision) !== revision)
      throw new WsClusterError('CONFLICT', 'the ring has just changed; looking again');
    const { table = [], members } = ring;
    return (key) => members[table[slotOf(key)] ?? -1]?.nodeId;
  }
}
