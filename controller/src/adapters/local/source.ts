import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf, WsClusterError } from '@wscluster/ring';
import { type Logger, processIdentity, Trouble } from '@wscluster/service';
import type { NodeSettings, SourceHandlers, Workload, WorkloadSource } from '../../core/ports/workload-source.ts';
import { NodeProcess } from './node-process.ts';
import { type NodeRecord, NodeRecords, PORT_FILE } from './node-record.ts';
import { startGated } from './start-gated.ts';

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
  /** They run, but are neither listed nor watched. */
  readonly #unreachable: NodeProcess[] = [];
  readonly #tombstones = new Set<NodeJS.Timeout>();
  readonly #onChange: () => void;
  readonly #removals: Trouble;
  #closed = false;

  constructor(options: LocalSourceOptions, handlers: SourceHandlers) {
    this.#options = options;
    // The end of a child is reported even to a closed source.
    this.#onChange = () => {
      if (!this.#closed) handlers.onChange();
    };
    this.#removals = new Trouble(options.log);
    this.#records = new NodeRecords(options.directory);
    const { records, damaged } = this.#records.load();
    for (const record of records) {
      const node = this.#watch(record);
      if (node.alive) options.log.info({ event: 'node-found', node: node.id, pid: node.pid }, `found node ${node.id}`);
    }
    this.#recover(damaged);
  }

  get problem(): string | undefined {
    return [...this.#nodes.values()].find((node) => node.problem !== undefined)?.problem;
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
    const gated = await startGated(program, args, {
      ...withoutSecrets(process.env),
      ...env,
      WSCLUSTER_ID: id,
      WSCLUSTER_LISTEN: '127.0.0.1:0',
      [PORT_FILE]: this.#records.portFile(id),
      WSCLUSTER_DRAIN_SECONDS: String(drainSeconds),
    });
    const { child, pid } = gated;
    const record: NodeRecord = { id, pid, identity: processIdentity(pid) ?? 'ended', createdAt: Date.now() };
    try {
      await this.#records.save(record);
    } catch (error) {
      gated.cancel();
      throw error;
    }
    gated.open();
    const node = this.#watch(record);
    child.once('exit', (code, signal) => {
      log.info({ event: 'node-exit', node: id, pid, code, signal }, `node ${id} ended (${signal ?? code})`);
      node.checkEnd();
    });
    // It may have ended before anybody listened.
    node.checkEnd();
    child.unref();
    log.info({ event: 'node-started', node: id, pid }, `started node ${id}`);
    return id;
  }

  async drain(id: string): Promise<void> {
    await this.#find(id).drain();
  }

  async stop(id: string): Promise<void> {
    const node = this.#find(id);
    const drainMs = this.#options.settings().drainSeconds * 1000;
    await node.terminate(Math.max(0, drainMs - node.drainingForMs) + FORCE_MARGIN_MS);
  }

  async kill(id: string): Promise<void> {
    this.#find(id).signal('SIGKILL');
  }

  async endAll(): Promise<void> {
    const nodes = [...this.#nodes.values(), ...this.#unreachable];
    const alive = () => nodes.filter((node) => node.workload.phase !== 'gone' && node.alive);
    await Promise.all(alive().map((node) => node.terminate(END_GRACE_MS)));
    while (alive().length > 0) await delay(20);
    for (const node of nodes) node.ended();
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const timer of this.#tombstones) clearTimeout(timer);
    await Promise.all([...this.#nodes.values(), ...this.#unreachable].map((node) => node.close()));
  }

  /** Finds the nodes that run although their record is damaged or lost, by the environment of their processes. */
  #recover(damaged: readonly string[]): void {
    const { log } = this.#options;
    const running = this.#records.running();
    for (const id of damaged.filter((one) => running?.has(one) !== true))
      log.warn(
        {
          event: 'node-record-damaged',
          node: id,
          action: `delete ${id}.json in the folder of the nodes${running === undefined ? '; if that node still runs, end it by hand' : ''}`,
        },
        `the record of node ${id} cannot be read, and no process of that node is found`,
      );
    for (const [id, pid] of running ?? []) {
      if (this.#nodes.has(id)) continue;
      const record = { id, pid, identity: processIdentity(pid) ?? 'ended' };
      if (damaged.includes(id) || existsSync(this.#records.portFile(id))) {
        log.warn(
          { event: 'node-record-recovered', node: id, pid, action: 'none: its record is written again' },
          `found node ${id}, whose record was damaged or lost, by its process`,
        );
        void this.#watch(record).keep();
      } else {
        this.#unreachable.push(this.#processOf(record));
        const action = 'end it by hand when its clients have left, or with the whole system';
        log.warn(
          { event: 'node-unreachable', node: id, pid, action },
          `node ${id} runs, but nothing tells its address any more: its record and its port file are lost`,
        );
      }
    }
  }

  #watch(record: NodeRecord): NodeProcess {
    const node = this.#processOf(record);
    this.#nodes.set(node.id, node);
    node.start();
    return node;
  }

  #processOf(record: NodeRecord): NodeProcess {
    const node: NodeProcess = new NodeProcess(record, this.#records, this.#options.log, () => {
      if (node.workload.phase === 'gone') this.#bury(node);
      this.#onChange();
    });
    return node;
  }

  /** Lists it as gone for a while. As long as its record exists, the next controller knows about its end too. */
  #bury(node: NodeProcess): void {
    const timer = setTimeout(() => {
      this.#tombstones.delete(timer);
      this.#nodes.delete(node.id);
      this.#records.remove(node.id).then(
        () => this.#removals.recovered({ event: 'node-record-removed' }, 'records of ended nodes can be removed again'),
        (error: unknown) =>
          this.#removals.failed(
            { event: 'node-record-not-removed', node: node.id, error, action: 'make the state folder writable' },
            `the record of the ended node ${node.id} cannot be removed: ${messageOf(error)}`,
          ),
      );
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
