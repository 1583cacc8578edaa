import { SLOTS } from '@wscluster/ring';
import { silentLogger } from '@wscluster/service';
import {
  DEFAULT_UPDATE_TIMING,
  openAmqpFollower,
  openRedisStore,
  type RingBusFollower,
  RingUpdates,
} from '@wscluster/transport';
import { Mover, type MovingConnection } from '../../gateway/src/move/mover.ts';
import { type Tracked, Tracker } from '../../gateway/src/move/tracker.ts';
import { SlotLoad } from '../../gateway/src/relay/slot-load.ts';
import { CurrentTable } from '../../gateway/src/table/current-table.ts';
import { ownerOfSlot } from '../../gateway/src/table/table.ts';
import { Reporter } from '../../gateway/src/updates/reporter.ts';
import { CLUSTER } from './size.ts';

export interface LightGatewayOptions {
  readonly id: string;
  readonly rabbitmqUrl: string;
  readonly redisUrl: string;
  readonly connections: number;
  readonly onServing: () => void;
}

/** As many as a gateway reports, which change little. */
const HOT_KEYS = Array.from({ length: 10 }, (_, n) => ({ key: `room-${n}`, connections: 20 - n }));

/** A client, whose socket is left out: an entry of the tracker, as the gateway has it. */
class Client implements MovingConnection {
  next: Tracked | undefined = undefined;
  previous: Tracked | undefined = undefined;
  readonly kind = 'websocket';
  readonly portable = false;
  readonly connecting = false;
  readonly relaying = true;
  told = false;
  readonly slot: number;
  nodeId: string;
  readonly #onMove: (client: Client) => void;

  constructor(slot: number, nodeId: string, onMove: (client: Client) => void) {
    this.slot = slot;
    this.nodeId = nodeId;
    this.#onMove = onMove;
  }

  redirect(): void {}

  move(): void {
    this.#onMove(this);
  }
}

/**
 * A gateway without sockets: its table, tracker, mover and reporter are the real ones, and so is its way to the bus and
 * to the store. A client that is moved, or whose node is gone, is back at once.
 */
export class LightGateway {
  readonly #options: LightGatewayOptions;
  readonly #current = new CurrentTable();
  readonly #tracker = new Tracker<Client>();
  readonly #mover = new Mover(this.#current, this.#tracker);
  readonly #clients: Client[] = [];
  #bus: RingBusFollower | undefined;

  constructor(options: LightGatewayOptions) {
    this.#options = options;
  }

  /** As createGateway does it, without what serves clients. */
  async start(): Promise<void> {
    const { id, rabbitmqUrl, redisUrl } = this.#options;
    const store = openRedisStore({ url: redisUrl, cluster: CLUSTER, log: silentLogger });
    const context = { cluster: CLUSTER, store, holder: this.#current, log: silentLogger };
    const updates = new RingUpdates({ ...context, timing: DEFAULT_UPDATE_TIMING });
    updates.subscribe({ onRelease: (release) => this.#mover.update(release) });
    this.#current.onTable(() => this.#onTable());
    this.#bus = await openAmqpFollower({ url: rabbitmqUrl, cluster: CLUSTER, log: silentLogger }, updates);
    await updates.start();
    const reporter = new Reporter({
      ...{ cluster: CLUSTER, gateway: id, address: `${id}:7000`, bus: this.#bus, counts: this.#tracker },
      log: silentLogger,
      applied: () => this.#current.table?.ring.revision,
      moved: () => this.#mover.moved,
      migrated: () => 0,
      hotKeys: () => HOT_KEYS,
      hotSlots: () => [],
      load: new SlotLoad(),
    });
    this.#current.onTable(() => reporter.reportSoon());
    updates.subscribe({
      onRecall: (held) => reporter.giveBack(held),
      onHeartbeat: (heartbeat) => reporter.onHeartbeat(heartbeat),
      onConnected: () => reporter.reconnected(),
    });
    reporter.start();
  }

  /** A client goes, and another one comes. */
  churn(): void {
    if (this.#clients.length === 0) return;
    const index = Math.floor(Math.random() * this.#clients.length);
    this.#tracker.remove(this.#clients[index] as Client);
    this.#clients[index] = this.#come(randomSlot());
  }

  #onTable(): void {
    const { table } = this.#current;
    if (table === undefined) return;
    if (this.#clients.length === 0) {
      for (let n = 0; n < this.#options.connections; n++) this.#clients.push(this.#come(randomSlot()));
      this.#options.onServing();
      return;
    }
    const nodes = new Set(table.owners.map(({ nodeId }) => nodeId));
    const gone = new Set([...this.#tracker.countsByNode.keys()].filter((node) => !nodes.has(node)));
    if (gone.size === 0) return;
    for (const client of this.#clients)
      if (gone.has(client.nodeId)) this.#tracker.setNode(client, this.#ownerOf(client.slot));
  }

  #come(slot: number): Client {
    const client = new Client(slot, this.#ownerOf(slot), (moved) => {
      this.#tracker.setNode(moved, this.#ownerOf(moved.slot));
      moved.told = false;
    });
    this.#tracker.add(client);
    return client;
  }

  #ownerOf(slot: number): string {
    const { table } = this.#current;
    return (table && ownerOfSlot(table, slot))?.nodeId ?? 'nobody';
  }
}

function randomSlot(): number {
  return Math.floor(Math.random() * SLOTS);
}
