import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf, WsClusterError } from '@wscluster/ring';
import { type Logger, processIdentity } from '@wscluster/service';
import type { NodeSettings, SourceHandlers, Workload, WorkloadSource } from '../../core/ports/workload-source.ts';
import { NodeProcess } from './node-process.ts';
import { type NodeRecord, NodeRecords } from './node-record.ts';

/** Added to a node's drain time before it is killed, ms. */
const FORCE_MARGIN_MS = 5000;
/** When the whole system ends, nobody is served any longer: nodes get this long to end, ms. */
const END_GRACE_MS = 500;
/** Ended nodes are listed as gone for this long, ms, so that no listing misses their end. */
const TOMBSTONE_MS = 60_000;

export interface LocalSourceOptions {
  /** Folder of the records; created if missing. */
  readonly directory: string;
  /** Read at each start of a node. */
  readonly settings: () => NodeSettings;
  /** Environment of nodes, in addition to the controller's own and what the source sets. */
  readonly env?: Readonly<Record<string, string>>;
  /** Program and arguments of the sample backend. */
  readonly sampleCommand: readonly string[];
  readonly log: Logger;
}

/**
 * Nodes as processes on this machine. They outlive the controller, and the next one finds them by their records. Their
 * output goes where the controller's goes.
 */
export function openLocalSource(options: LocalSourceOptions, handlers: SourceHandlers): WorkloadSource {
  return new LocalSource(options, handlers);
}

class LocalSource implements WorkloadSource {
  readonly #options: LocalSourceOptions;
  readonly #records: NodeRecords;
  readonly #nodes = new Map<string, NodeProcess>();
  readonly #tombstones = new Set<NodeJS.Timeout>();
  readonly #onChange: () => void;
  #closed = false;

  constructor(options: LocalSourceOptions, handlers: SourceHandlers) {
    this.#options = options;
    // The end of a child is reported even to a closed source.
    this.#onChange = () => {
      if (!this.#closed) handlers.onChange();
    };
    this.#records = new NodeRecords(options.directory);
    const { records, damaged } = this.#records.load();
    for (const file of damaged)
      options.log.warn(
        {
          event: 'node-record-damaged',
          file,
          action: 'end that node by hand if it is still running, then delete the file',
        },
        `the record ${file} cannot be read; its node is not watched`,
      );
    for (const record of records) {
      const node = this.#watch(record);
      if (node.alive)
        options.log.info({ event: 'node-found', node: record.id, pid: record.pid }, `found node ${record.id}`);
    }
  }

  async list(): Promise<readonly Workload[]> {
    await Promise.all([...this.#nodes.values()].map((node) => node.looked));
    return [...this.#nodes.values()].map((node) => node.workload);
  }

  async create(): Promise<string> {
    const { settings, env, sampleCommand, log } = this.#options;
    const { command, drainSeconds } = settings();
    const [program = '', ...args] = command ?? sampleCommand;
    const id = `node-${randomBytes(4).toString('hex')}`;
    const child = spawn(program, args, {
      // Its own session: Ctrl-C at the controller's terminal is not meant for the nodes.
      detached: true,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: {
        ...withoutSecrets(process.env),
        ...env,
        WSCLUSTER_ID: id,
        WSCLUSTER_LISTEN: '127.0.0.1:0',
        WSCLUSTER_PORT_FILE: this.#records.portFile(id),
        WSCLUSTER_DRAIN_SECONDS: String(drainSeconds),
      },
    });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', (error) =>
        reject(
          new WsClusterError(
            'SOURCE_UNAVAILABLE',
            `${program} cannot be started: ${messageOf(error)}; see spec.nodes.command`,
            {
              cause: error,
            },
          ),
        ),
      );
    });
    const pid = child.pid ?? 0;
    const identity = processIdentity(pid) ?? 'ended';
    const record: NodeRecord = { id, pid, identity, createdAt: Date.now() };
    try {
      this.#records.save(record);
    } catch (error) {
      // Without a record nothing would ever end it.
      child.kill('SIGKILL');
      throw new WsClusterError(
        'SOURCE_UNAVAILABLE',
        `the record of node ${id} cannot be written: ${messageOf(error)}`,
        {
          cause: error,
        },
      );
    }
    const node = this.#watch(record);
    child.once('exit', (code, signal) => {
      log.info({ event: 'node-exit', node: id, pid, code, signal }, `node ${id} ended (${signal ?? code})`);
      node.ended();
    });
    child.unref();
    log.info({ event: 'node-started', node: id, pid }, `started node ${id}`);
    return id;
  }

  async drain(id: string): Promise<void> {
    this.#find(id).markDraining();
  }

  async stop(id: string): Promise<void> {
    const node = this.#find(id);
    const drainMs = this.#options.settings().drainSeconds * 1000;
    const spentMs = Date.now() - (node.record.drainingSince ?? Date.now());
    node.terminate(Math.max(0, drainMs - spentMs) + FORCE_MARGIN_MS);
  }

  async kill(id: string): Promise<void> {
    this.#find(id).signal('SIGKILL');
  }

  async endAll(): Promise<void> {
    const alive = () => [...this.#nodes.values()].filter((node) => node.alive);
    for (const node of alive()) node.terminate(END_GRACE_MS);
    while (alive().length > 0) await delay(20);
    for (const node of this.#nodes.values()) node.ended();
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const node of this.#nodes.values()) node.close();
    for (const timer of this.#tombstones) clearTimeout(timer);
  }

  #watch(record: NodeRecord): NodeProcess {
    const node = new NodeProcess(record, this.#records, this.#options.log, () => {
      if (node.workload.phase === 'gone') this.#bury(node);
      this.#onChange();
    });
    this.#nodes.set(record.id, node);
    node.start();
    return node;
  }

  /** Lists it as gone for a while. As long as its record exists, the next controller knows about its end too. */
  #bury(node: NodeProcess): void {
    const timer = setTimeout(() => {
      this.#tombstones.delete(timer);
      this.#nodes.delete(node.record.id);
      this.#records.remove(node.record.id);
    }, TOMBSTONE_MS);
    timer.unref();
    this.#tombstones.add(timer);
  }

  #find(id: string): NodeProcess {
    const node = this.#nodes.get(id);
    if (node === undefined || node.workload.phase === 'gone')
      throw new WsClusterError('NOT_FOUND', `there is no node ${id}`, { field: 'id' });
    return node;
  }
}

/** A backend must not get the controller's own settings, above all not its token. */
function withoutSecrets(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^WSCLUSTER_(API_|NACOS_|CLUSTER$)/.test(name)));
}
