import { connect } from 'node:net';
import { formatHostPort, type HostPort } from '@wscluster/service';
import { PatientTimer } from '../patient-timer.ts';
import { Pacer } from './pacer.ts';

/** Hears how it stands with the node that has ended its connection without a Close. */
export interface LostClient {
  /** Called once, unless it was taken back. `gone`: the node takes no connections any more. */
  judge(gone: boolean): void;
}

export interface LostNodesOptions {
  /** Milliseconds within which all clients of a lost node are told. */
  lostMs(): number;
  /** Clients a second that may be told; 0: no limit. */
  maxPerSecond(): number;
}

/** A node in the same network accepts within a few ms, if it lives. */
const PROBE_MS = 250;
/** From an answer of a node to the second look at it. */
const AGAIN_MS = 50;

/**
 * Finds out whether a node that ends connections is gone, or ends these connections only, and tells their clients: of a
 * node that lives at once, of a node that is gone spread evenly.
 */
export class LostNodes {
  readonly #options: LostNodesOptions;
  readonly #nodes = new Map<string, LostNode>();

  constructor(options: LostNodesOptions) {
    this.#options = options;
  }

  /** Returns a function that takes the client back. */
  add(nodeId: string, address: HostPort, client: LostClient): () => void {
    // A node that came back at another address has nothing to do with the verdict on the former one.
    const name = `${nodeId} ${formatHostPort(address)}`;
    let node = this.#nodes.get(name);
    if (node === undefined) {
      node = new LostNode(this.#options, address, () => this.#nodes.delete(name));
      this.#nodes.set(name, node);
    }
    return node.add(client);
  }

  /** Tells nobody any more. */
  stop(): void {
    for (const node of this.#nodes.values()) node.stop();
    this.#nodes.clear();
  }
}

/** The clients that a node has lost at about the same time. */
class LostNode {
  readonly #options: LostNodesOptions;
  readonly #onDone: () => void;
  readonly #waiting = new Set<LostClient>();
  readonly #pacer = new Pacer<LostClient>((client) => this.#tell(client, true));
  readonly #since = performance.now();
  readonly #endProbe: () => void;
  #gone = false;
  #spreading: NodeJS.Immediate | undefined;

  constructor(options: LostNodesOptions, address: HostPort, onDone: () => void) {
    this.#options = options;
    this.#onDone = onDone;
    this.#endProbe = probe(address, (answers) => this.#judge(!answers));
  }

  add(client: LostClient): () => void {
    this.#waiting.add(client);
    if (this.#gone) this.#spreading ??= setImmediate(() => this.#spread());
    return () => this.#remove(client);
  }

  stop(): void {
    this.#endProbe();
    clearImmediate(this.#spreading);
    this.#pacer.stop();
    this.#waiting.clear();
  }

  #judge(gone: boolean): void {
    this.#gone = gone;
    if (gone) this.#spread();
    else for (const client of [...this.#waiting]) this.#tell(client, false);
  }

  #spread(): void {
    this.#spreading = undefined;
    const count = this.#waiting.size;
    const { lostMs, maxPerSecond } = this.#options;
    const left = Math.max(0, this.#since + lostMs() - performance.now());
    const atPace = maxPerSecond() === 0 ? 0 : (count / maxPerSecond()) * 1000;
    this.#pacer.set([...this.#waiting], Math.min(left, atPace));
  }

  #tell(client: LostClient, gone: boolean): void {
    if (!this.#waiting.has(client)) return;
    this.#remove(client);
    client.judge(gone);
  }

  #remove(client: LostClient): void {
    if (!this.#waiting.delete(client) || this.#waiting.size > 0) return;
    this.stop();
    this.#onDone();
  }
}

/**
 * Calls `done` once: whether the node takes connections. A process that is killed may close some connections a moment
 * before it stops listening, so it is asked twice. Returns a function that gives it up.
 */
function probe(address: HostPort, done: (lives: boolean) => void): () => void {
  let stop = tryToConnect(address, (accepts) => {
    if (!accepts) return done(false);
    const timer = setTimeout(() => {
      stop = tryToConnect(address, done);
    }, AGAIN_MS);
    stop = () => clearTimeout(timer);
  });
  return () => stop();
}

/** Calls `done` once: whether the address accepts a connection in time. Returns a function that gives it up. */
function tryToConnect({ host, port }: HostPort, done: (accepts: boolean) => void): () => void {
  const socket = connect({ host, port });
  let over = false;
  const end = () => {
    over = true;
    timer.stop();
    socket.destroy();
  };
  const settle = (accepts: boolean) => {
    if (over) return;
    end();
    done(accepts);
  };
  const timer = new PatientTimer();
  timer.start(PROBE_MS, () => settle(false));
  socket.on('connect', () => settle(true)).on('error', () => settle(false));
  return end;
}
