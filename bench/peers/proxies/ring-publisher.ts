import {
  type ClusterSettings,
  canonicalKey,
  createRing,
  DEFAULT_MOVE_SETTINGS,
  type Member,
  type MoveSettings,
  nextTable,
  ownerOf,
  REVISION_ZERO,
  type Release,
  type Ring,
  slotOf,
} from '@wscluster/ring';
import { silentLogger } from '@wscluster/service';
import { openTransport } from '@wscluster/transport';
import { DEFAULT_INTERVALS } from '../../../controller/src/core/loop/intervals.ts';
import { Publisher } from '../../../controller/src/core/publish/publisher.ts';
import type { EchoNode } from '../node.ts';

export const CLUSTER = 'bench';

const ROUTES = [
  ...['connect', 'sink', 'http'].map((path) => ({ path: `/${path}/{userId}`, key: { param: 'userId' } })),
  // Connections that no change of weights moves.
  { path: '/at/{node}/{n}', key: { node: { param: 'node' } } },
];

export interface RingOptions {
  /** Default: reconnect. */
  readonly mode?: MoveSettings['mode'];
  /** Of the nodes in their order; default: all the same. */
  readonly weights?: readonly number[];
  /** Connections that each gateway may move in a second; 0, the default: no limit. */
  readonly maxPerSecond?: number;
}

/** What a gateway gets from a controller: rings over the bus and in the store, and heartbeats. */
export class RingPublisher {
  readonly #publisher: Publisher;
  readonly #close: () => Promise<unknown>;
  readonly #beats: NodeJS.Timeout;
  readonly #settings: ClusterSettings;
  #release: Release;
  #version = 0;
  #ring: Ring | undefined;
  /** Ring ids by slot. */
  #owners: Uint16Array | undefined;
  #members: readonly Member[] = [];

  private constructor(publisher: Publisher, close: () => Promise<unknown>, options: RingOptions) {
    const { mode = 'reconnect', maxPerSecond = 0 } = options;
    this.#publisher = publisher;
    this.#close = close;
    this.#settings = { routes: ROUTES, moves: { ...DEFAULT_MOVE_SETTINGS, mode } };
    this.#release = { movableUpTo: REVISION_ZERO, spreadMs: 0, maxPerSecond };
    this.#beats = setInterval(() => void publisher.heartbeat(this.#release), DEFAULT_INTERVALS.heartbeatMs);
  }

  static async start(stateDir: string, nodes: readonly EchoNode[], options: RingOptions = {}): Promise<RingPublisher> {
    const transport = openTransport({ cluster: CLUSTER, stateDir, log: silentLogger });
    const bus = await transport.openHub({ onUplink: () => {} });
    const store = transport.openStore();
    const { storeFirstMs } = DEFAULT_INTERVALS;
    const publisher = new Publisher({
      ...{ cluster: CLUSTER, bus, store, log: silentLogger, storeFirstMs },
      standingIn: () => false,
      onStoreLost: () => {},
    });
    const rings = new RingPublisher(publisher, () => Promise.all([bus.close(), store.close()]), options);
    rings.#members = nodes.map(({ name, port }, ringId) => ({
      ...{ ringId, nodeId: name, address: `127.0.0.1:${port}`, weight: options.weights?.[ringId] ?? 1, state: 'ready' },
    }));
    await rings.#publish();
    return rings;
  }

  async without(name: string): Promise<void> {
    this.#members = this.#members.filter(({ nodeId }) => nodeId !== name);
    await this.#publish();
  }

  /** Publishes a ring in which the nodes have these weights; returns which of the keys have another owner then. */
  async reweigh(weights: readonly number[], keys: readonly string[]): Promise<string[]> {
    const before = this.#ring;
    this.#members = this.#members.map((member, index) => ({ ...member, weight: weights[index] ?? member.weight }));
    await this.#publish();
    const owner = (ring: Ring | undefined, key: string) => ring && ownerOf(ring, slotOf(canonicalKey(key)))?.nodeId;
    return keys.filter((key) => owner(before, key) !== owner(this.#ring, key));
  }

  async stop(): Promise<void> {
    clearInterval(this.#beats);
    await this.#close();
  }

  async #publish(): Promise<void> {
    this.#version++;
    const members = [...this.#members];
    // A ring names its members by their index.
    const indexes = new Map(members.map(({ ringId }, index) => [ringId, index]));
    this.#owners = nextTable({ table: this.#owners, members });
    const table = this.#owners.map((ringId) => indexes.get(ringId) ?? ringId);
    const ring = createRing({ epoch: 1, version: this.#version }, members, table);
    this.#ring = ring;
    this.#release = { ...this.#release, movableUpTo: ring.revision };
    await this.#publisher.publish({ ring, release: this.#release, settings: this.#settings, vacancies: [] });
  }
}
