import { randomBytes } from 'node:crypto';
import { closeSync, existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf, WsClusterError } from '@wscluster/ring';
import { type Logger, processIdentity, Trouble } from '@wscluster/service';
import type { NodeSettings, SourceHandlers, Workload, WorkloadSource } from '../../core/ports/workload-source.ts';
import { NodeOutput, type OutputSink } from './node-output.ts';
import { pickPort } from './node-port.ts';
import { NodeProcess } from './node-process.ts';
import { programOn } from './node-program.ts';
import { type NodeRecord, NodeRecords, PORT_FILE } from './node-record.ts';
import { type GatedProcess, startGated } from './start-gated.ts';

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
  /** Takes a line of a node's output; default: it is logged with the node's name. */
  readonly onOutput?: (node: string, line: string) => void;
  readonly log: Logger;
}

/** Nodes as processes on this machine. They outlive the controller, and the next one finds them by their records. */
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
      const node = this.#watch(record, 'end');
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
    const { settings, log } = this.#options;
    const id = `node-${randomBytes(4).toString('hex')}`;
    const now = settings();
    // The sample backend announces its own port, as every program may.
    const port = now.command === undefined ? undefined : await this.#pickPort();
    const gated = await this.#startGated(id, now, port);
    const { child, pid } = gated;
    const identity = processIdentity(pid) ?? 'ended';
    const record: NodeRecord = { id, pid, identity, createdAt: Date.now(), ...(port !== undefined && { port }) };
    try {
      await this.#records.save(record);
    } catch (error) {
      gated.cancel();
      await this.#records.remove(id).catch(() => {});
      throw error;
    }
    gated.open();
    const node = this.#watch(record, 'start');
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

  #startGated(id: string, settings: NodeSettings, port: number | undefined): Promise<GatedProcess> {
    const { env: always, sampleCommand } = this.#options;
    const { workingDirectory, drainSeconds } = settings;
    const own = port === undefined ? undefined : programOn(port, settings);
    const output = this.#records.openOutput(id);
    const started = startGated({
      command: own?.command ?? sampleCommand,
      cwd: (own && workingDirectory) ?? process.cwd(),
      output,
      env: {
        ...withoutSecrets(process.env),
        ...always,
        WSCLUSTER_LISTEN: '127.0.0.1:0',
        WSCLUSTER_DRAIN_SECONDS: String(drainSeconds),
        ...own?.env,
        WSCLUSTER_ID: id,
        [PORT_FILE]: this.#records.portFile(id),
      },
    });
    return started.finally(() => closeSync(output));
  }

  #pickPort(): Promise<number> {
    return pickPort(new Set([...this.#nodes.values()].flatMap(({ port }) => port ?? [])));
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
        this.#watch(record, 'end').keepInBackground();
      } else {
        this.#unreachable.push(this.#processOf(record, 'end'));
        const action = 'end it by hand when its clients have left, or with the whole system';
        log.warn(
          { event: 'node-unreachable', node: id, pid, action },
          `node ${id} runs, but nothing tells its address any more: its record and its port file are lost`,
        );
      }
    }
  }

  /** `output`: whether what it has written so far is told. */
  #watch(record: NodeRecord, output: 'start' | 'end'): NodeProcess {
    const node = this.#processOf(record, output);
    this.#nodes.set(node.id, node);
    node.start();
    return node;
  }

  #processOf(record: NodeRecord, output: 'start' | 'end'): NodeProcess {
    const { log, settings } = this.#options;
    const node: NodeProcess = new NodeProcess({
      ...{ record, records: this.#records, log, settings },
      output: new NodeOutput(this.#records.outputFile(record.id), output, this.#sinkOf(record.id)),
      found: output === 'end',
      onChange: () => {
        if (node.workload.phase === 'gone') this.#bury(node);
        this.#onChange();
      },
    });
    return node;
  }

  #sinkOf(id: string): OutputSink {
    const { log, onOutput } = this.#options;
    return {
      line:
        onOutput === undefined
          ? (text) => log.info({ event: 'node-output', node: id }, text)
          : (text) => onOutput(id, text),
      leftOut: (bytes) =>
        log.warn(
          {
            event: 'node-output-left-out',
            node: id,
            bytes,
            action: 'let the node write less, or write to its own file',
          },
          `node ${id} writes more than the log takes: ${bytes} bytes of its output are left out`,
        ),
    };
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
