import { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  formatRevision,
  messageOf,
  plainKey,
  REVISION_ZERO,
  compareRevisions as revisionOrder,
  slotOf,
} from '@wscluster/ring';
import { answerError, HttpError, inBackground, refuseUpgrade, sendToNode, stopListening } from '@wscluster/service';
import type {
  Arrival,
  HandoverOptions,
  HandoverServer,
  HandoverSocket,
  Requested,
  Revision,
  WebSocketLike,
  WsNode,
  WsNodeEvents,
  WsNodeOptions,
} from './api.ts';
import { Capacity } from './capacity.ts';
import { Connections } from './connections.ts';
import { type Routed, readRouted } from './gateway-headers.ts';
import { handOver } from './handover.ts';
import { intercept } from './intercept.ts';
import { answerPush } from './push.ts';
import { ringSource } from './ring-source.ts';
import { followRing, type RingView } from './ring-view.ts';
import { type Settings, settingsOf } from './settings.ts';

/** Milliseconds in which clients must answer the last Close and requests must end. */
const CLOSE_DEADLINE_MS = 2_000;

/** Negative when `a` is older than `b`, 0 when equal, positive when newer. */
export const compareRevisions: (a: Revision, b: Revision) => number = revisionOrder;

/**
 * Makes a server a node of a cluster: it answers whether it is ready, takes messages for a key, and refuses with 421
 * what a gateway sends by an old ring, if the gateway can send it to the owner without the client noticing: upgrades
 * and requests without a body. Everything else reaches the application as before. Throws an Error with the code
 * CONFIG_INVALID that names the option or the variable at fault.
 */
export function wsNode(options: WsNodeOptions): WsNode {
  return new ServerNode(settingsOf(options, process.env));
}

class ServerNode extends EventEmitter<WsNodeEvents> implements WsNode {
  readonly id: string;
  readonly #settings: Settings;
  readonly #connections = new Connections();
  /** What other nodes handed over with the connections that these requests opened. */
  readonly #states = new WeakMap<IncomingMessage, Buffer>();
  readonly #capacity: Capacity | undefined;
  readonly #following: Promise<void>;
  #ring: RingView | undefined;
  #drained: Promise<void> | undefined;

  constructor(settings: Settings) {
    super();
    this.id = settings.id;
    this.#settings = settings;
    this.#capacity = settings.capacity && new Capacity(settings.capacity, settings.log);
    this.#following = this.#follow();
    intercept(settings.server, {
      onRequest: (request, response) => this.#onRequest(request, response),
      onUpgrade: (request, socket) => this.#onUpgrade(request, socket),
    });
  }

  get draining(): boolean {
    return this.#drained !== undefined;
  }

  get connections(): number {
    return this.#connections.size;
  }

  get keys(): number {
    return this.#connections.keys;
  }

  keyOf(request: Requested): string | undefined {
    return readRouted(request).key;
  }

  revisionOf(request: Requested): Revision | undefined {
    return readRouted(request).revision;
  }

  owns(key: string): boolean {
    return this.#ring?.ownerElsewhere(slotOf(plainKey(key))) === undefined;
  }

  add(request: IncomingMessage, webSocket: WebSocketLike, key = this.keyOf(request)): void {
    // An application may have taken its time; nobody would tell of the end of a connection that has ended.
    if (key === undefined || request.socket.destroyed) return;
    const { revision, movedFrom } = readRouted(request);
    this.#connections.attach(request.socket, webSocket, { key, revision });
    const { greeting } = this.#settings;
    if (greeting === undefined || movedFrom !== undefined) return;
    const { id: node, connections } = this;
    const hello = {
      type: 'hello',
      node,
      key,
      connections,
      revision: formatRevision(revision ?? REVISION_ZERO),
    } as const;
    webSocket.send(greeting(hello));
  }

  handOver<Socket extends HandoverSocket>(
    webSockets: HandoverServer<Socket>,
    options: HandoverOptions<Socket> = {},
  ): void {
    handOver(webSockets, options, {
      log: this.#settings.log,
      keyOf: (request) => this.keyOf(request),
      isMoved: (request) => readRouted(request).movedFrom !== undefined,
      onState: (request, state) => state && this.#states.set(request, state),
    });
  }

  arrivalOf(request: IncomingMessage): Arrival | undefined {
    const { movedFrom: from, stateLost: lost } = readRouted(request);
    return from === undefined ? undefined : { from, state: this.#states.get(request), lost };
  }

  async push(key: string, data: string | Uint8Array): Promise<number> {
    const slot = slotOf(plainKey(key));
    const sent = this.#connections.send(key, data);
    const owner = this.#ring?.ownerElsewhere(slot);
    const { sendPath } = this.#settings;
    if (sent > 0 || owner === undefined || sendPath === undefined) return sent;
    const revision = this.#ring?.ring?.revision ?? REVISION_ZERO;
    return await sendToNode({ node: owner, path: sendPath, key, data, revision });
  }

  async answerPush(request: IncomingMessage, response: ServerResponse, key = this.keyOf(request)): Promise<void> {
    const { settleMs } = this.#settings;
    await answerPush({ id: this.id, connections: this.#connections, settleMs }, request, response, key);
  }

  drain(): Promise<void> {
    this.#drained ??= this.#drain();
    return this.#drained;
  }

  /** First it drains while everything goes on, then it stops accepting, then it closes the remaining clients. */
  async #drain(): Promise<void> {
    const { drainMs, lingerMs, server, log } = this.#settings;
    log.info(
      { event: 'node-draining', connections: this.connections },
      'draining: waiting until its clients have moved',
    );
    queueMicrotask(() => this.emit('draining'));
    const deadline = AbortSignal.timeout(drainMs);
    await sleep(Math.min(lingerMs, drainMs));
    await this.#connections.when(({ open }) => open === 0, deadline);
    const stopped = stopListening(server, () => server.closeIdleConnections());
    if (this.connections > 0)
      log.info({ event: 'node-closing', connections: this.connections }, 'closing the remaining clients with 1001');
    await this.#connections.closeAll(1001, 'node going away', CLOSE_DEADLINE_MS);
    server.closeAllConnections();
    await stopped;
    await this.#following;
    await this.#ring?.close();
  }

  /** Without a ring the node serves every key, so what keeps it from following one is told, and ends nothing. */
  async #follow(): Promise<void> {
    const { ring, id: self, log } = this.#settings;
    if (ring === undefined) return;
    try {
      const source = await ringSource(ring, log);
      this.#ring = await followRing({ cluster: ring.cluster, self, source, log, onRing: () => this.#tellLost() });
      this.#tellLost();
    } catch (error) {
      const action = 'correct it and start the node again, or set `ring: false`; until then it serves every key';
      log.error({ event: 'ring-not-followed', error, action }, `cannot follow the ring: ${messageOf(error)}`);
    }
  }

  #tellLost(): void {
    const view = this.#ring;
    if (view?.ring === undefined) return;
    for (const key of this.#connections.lostBy(view.ring.revision, (slot) => view.ownerElsewhere(slot) === undefined))
      queueMicrotask(() => this.emit('lost', key));
  }

  #onRequest(request: IncomingMessage, response: ServerResponse): boolean {
    const { readinessPath, sendPath } = this.#settings;
    const [path] = (request.url ?? '/').split('?', 1);
    if (path === readinessPath && (request.method === 'GET' || request.method === 'HEAD')) {
      inBackground(this.#settings.log, 'readiness-broken', this.#answerReadiness(response));
      return true;
    }
    const routed = readRouted(request);
    // Clients come through a gateway: they may send to others only where the application lets them.
    if (path === sendPath && request.method === 'POST' && routed.key !== undefined && !routed.forwarded) {
      inBackground(this.#settings.log, 'push-broken', this.answerPush(request, response));
      return true;
    }
    const refused = isBodyless(request) ? this.#refusal(routed) : undefined;
    if (refused !== undefined) {
      answerError(request, response, refused);
      return true;
    }
    this.#connections.hold(response, 'answer', routed);
    return false;
  }

  #onUpgrade(request: IncomingMessage, socket: Duplex): boolean {
    const routed = readRouted(request);
    const refused = this.#refusal(routed);
    if (refused !== undefined) {
      socket.on('error', () => socket.destroy());
      refuseUpgrade(socket, refused);
      return true;
    }
    this.#connections.hold(socket, 'upgraded', routed);
    return false;
  }

  #refusal(routed: Routed): HttpError | undefined {
    const lostAt = this.#ring?.lost(routed);
    if (lostAt === undefined) return undefined;
    return new HttpError(421, 'REVISION_STALE', `another node owns the key since ring ${lostAt}`);
  }

  async #answerReadiness(response: ServerResponse): Promise<void> {
    const state = this.draining ? 'draining' : (await this.#isReady()) ? 'ready' : 'not ready';
    const capacity = state === 'ready' ? this.#capacity?.now : undefined;
    if (capacity !== undefined)
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ state, capacity }));
    else response.writeHead(state === 'ready' ? 200 : 503, { 'content-type': 'text/plain' }).end(`${state}\n`);
  }

  async #isReady(): Promise<boolean> {
    try {
      return await this.#settings.ready();
    } catch (error) {
      this.#settings.log.debug({ event: 'not-ready', error }, `not ready: ${messageOf(error)}`);
      return false;
    }
  }
}

function isBodyless({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0;
}
