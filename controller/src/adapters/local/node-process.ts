import { messageOf } from '@wscluster/ring';
import {
  formatHostPort,
  inBackground,
  type Logger,
  SerialQueue,
  steadyNow,
  steadyOf,
  Trouble,
} from '@wscluster/service';
import type { NodeSettings, Workload } from '../../core/ports/workload-source.ts';
import type { ProbeResult } from '../probe.ts';
import { Readiness } from '../readiness.ts';
import { ReadinessCheck } from '../readiness-check.ts';
import { StatedWeight } from '../stated-weight.ts';
import { NodeGroup } from './node-group.ts';
import type { NodeOutput } from './node-output.ts';
import { strangerOn } from './node-port.ts';
import { type NodeRecord, type NodeRecords, PORT_FILE } from './node-record.ts';
import { NodeStart } from './node-start.ts';

const DEFAULT_START_SECONDS = 120;
/** A node that did not become ready has no clients: it gets this long to end, ms. */
const FAILED_START_GRACE_MS = 2000;
/** How often to look whether a process has ended that is no child of this one, ms. */
const FOUND_LOOK_MS = 250;

export interface NodeProcessParts {
  readonly record: NodeRecord;
  readonly records: NodeRecords;
  readonly log: Logger;
  /** Readiness is read once; the rest at each use. */
  readonly settings: () => NodeSettings;
  readonly output: NodeOutput;
  /** It was started by an earlier controller. */
  readonly found: boolean;
  onChange(): void;
}

/**
 * Watches one node process: whether it lives, where it listens and whether it is ready. Calls `onChange` on each change
 * of phase. A found process is not a child of this one, so its end is noticed by polling.
 */
export class NodeProcess {
  readonly id: string;
  readonly pid: number;
  /** Resolves once the process has been looked at, so that the state of a found process is known. */
  looked: Promise<void> = Promise.resolve();
  #record: NodeRecord;
  readonly #records: NodeRecords;
  readonly #group: NodeGroup;
  readonly #onChange: () => void;
  readonly #log: Logger;
  readonly #settings: () => NodeSettings;
  readonly #output: NodeOutput;
  readonly #found: boolean;
  readonly #start: NodeStart;
  readonly #check: ReadinessCheck;
  readonly #readiness = new Readiness();
  readonly #stated: StatedWeight;
  readonly #saves = new SerialQueue();
  readonly #saveTrouble: Trouble;
  /** The steady time when it was asked to leave. */
  #leavingSince: number | undefined;
  #unsaved = false;
  #phase: Workload['phase'] = 'starting';
  #address: string | undefined;
  #unusableAddress = false;
  #timer: NodeJS.Timeout | undefined;
  #endTimer: NodeJS.Timeout | undefined;
  #forceTimer: NodeJS.Timeout | undefined;
  #forceAt = Number.POSITIVE_INFINITY;
  #closed = false;

  constructor({ record, records, log, settings, output, found, onChange }: NodeProcessParts) {
    const { id, pid, identity, drainingSince } = record;
    this.id = id;
    this.#settings = settings;
    this.#output = output;
    this.#found = found;
    this.#start = new NodeStart(id, log);
    this.#check = new ReadinessCheck(settings().readiness ?? {}, record.answersHttp);
    this.#stated = new StatedWeight(id, log);
    this.pid = pid;
    this.#record = record;
    this.#records = records;
    this.#group = new NodeGroup({ pid, identity, mark: [PORT_FILE, records.portFile(id)] });
    this.#onChange = onChange;
    this.#log = log;
    this.#saveTrouble = new Trouble(log);
    this.#leavingSince = drainingSince === undefined ? undefined : steadyOf(drainingSince);
    this.#readAddress();
  }

  /** Starts to watch. */
  start(): void {
    this.#output.start();
    if (this.#found) this.#endTimer = setInterval(() => this.checkEnd(), FOUND_LOOK_MS);
    this.looked = this.#look();
    this.#lookAgainAfter(this.looked);
  }

  get workload(): Workload {
    const { createdAt, drainingSince } = this.#record;
    const phase = drainingSince !== undefined && this.#phase !== 'gone' ? 'draining' : this.#phase;
    return {
      id: this.id,
      ...(createdAt === undefined ? {} : { createdAt }),
      address: this.#address,
      phase,
      managed: true,
      ...(this.#stated.weight === undefined ? {} : { statedWeight: this.#stated.weight }),
      ...(drainingSince === undefined ? {} : { drainingSince }),
    };
  }

  /** The port that it was told to listen on; undefined if it announces its own. */
  get port(): number | undefined {
    return this.#record.port;
  }

  /** Any of its processes runs. */
  get alive(): boolean {
    return this.#group.leads || this.#group.orphans.length > 0;
  }

  /** Why what is known of it is not on disk; undefined when it is, and once it is gone, since nobody needs it then. */
  get problem(): string | undefined {
    return this.#phase === 'gone' ? undefined : this.#saveTrouble.problem;
  }

  /** How long ago it was asked to leave, ms; 0 when it was not. */
  get drainingForMs(): number {
    return this.#leavingSince === undefined ? 0 : steadyNow() - this.#leavingSince;
  }

  /** Marks it as asked to leave. Rejects with STORE_UNAVAILABLE when that cannot be kept; then it is not marked. */
  async drain(): Promise<void> {
    if (this.#leavingSince !== undefined) return;
    this.#leave();
    try {
      await this.#save();
    } catch (error) {
      const { drainingSince: _, ...before } = this.#record;
      this.#record = before;
      this.#leavingSince = undefined;
      throw error;
    }
    this.#onChange();
  }

  /** Sends a signal to its processes, if they are still the recorded ones. */
  signal(signal: 'SIGTERM' | 'SIGKILL'): void {
    try {
      this.#group.signal(signal);
    } catch (error) {
      this.#log.warn(
        { event: 'node-signal-failed', node: this.id, signal, action: 'end the process by hand' },
        messageOf(error),
      );
    }
  }

  /** Asks it to end, and kills it after `graceMs`, or sooner if an earlier call said so. Resolves once it was asked. */
  async terminate(graceMs: number): Promise<void> {
    const forceAt = performance.now() + graceMs;
    if (forceAt >= this.#forceAt) return;
    clearTimeout(this.#forceTimer);
    this.#forceAt = forceAt;
    this.#forceTimer = setTimeout(() => this.signal('SIGKILL'), graceMs);
    if (this.#record.stopping === true) return;
    this.#record = { ...this.#record, stopping: true };
    await this.keep();
    this.signal('SIGTERM');
  }

  /** Saves its record; tried again while that fails. */
  async keep(): Promise<void> {
    this.#unsaved = false;
    try {
      await this.#save();
      this.#saveTrouble.recovered(
        { event: 'node-record-saved', node: this.id },
        `the record of node ${this.id} is saved again`,
      );
    } catch (error) {
      this.#unsaved = true;
      const action = 'make room on the disk, or the state folder writable; a restarted controller would not know of it';
      this.#saveTrouble.failed({ event: 'node-record-not-saved', node: this.id, error, action }, messageOf(error));
    }
  }

  keepInBackground(): void {
    inBackground(this.#log, 'node-not-kept', this.keep());
  }

  /** Its first process may have ended: what is left of a node that was not asked to leave has lost it, and ends too. */
  checkEnd(): void {
    if (this.#phase === 'gone' || this.#group.leads) return;
    const { orphans } = this.#group;
    if (orphans.length > 0 && (this.#leavingSince !== undefined || this.#record.stopping === true)) return;
    if (orphans.length > 0) {
      this.#log.info(
        { event: 'node-orphans-ended', node: this.id, pids: orphans },
        `the first process of node ${this.id} has ended; so are the ${orphans.length} that it has left`,
      );
      this.signal('SIGKILL');
    }
    this.ended();
  }

  /** All its processes have ended: its phase is gone from now on. */
  ended(): void {
    if (this.#phase === 'gone') return;
    this.#stopWatching();
    this.#setPhase('gone');
  }

  /** Stops watching; the process keeps running. Resolves once nothing is being written. */
  async close(): Promise<void> {
    this.#stopWatching();
    await this.#saves.idle();
  }

  #stopWatching(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    clearInterval(this.#endTimer);
    clearTimeout(this.#forceTimer);
    this.#output.stop();
  }

  #lookAgainAfter(look: Promise<void>): void {
    const again = () => {
      if (this.#closed) return;
      this.#timer = setTimeout(() => this.#lookAgainAfter(this.#look()), this.#readiness.nextProbeMs);
    };
    look.then(again, (error: unknown) => {
      this.#log.error(
        { event: 'node-not-looked-at', node: this.id, error, action: 'none: the controller looks again' },
        messageOf(error),
      );
      again();
    });
  }

  async #look(): Promise<void> {
    this.checkEnd();
    if (this.#closed) return;
    if (this.#unsaved) this.keepInBackground();
    this.#readAddress();
    const probe = await this.#probe();
    await this.#keepAnswersHttp();
    if (this.#closed) return;
    this.#readiness.take(probe);
    if (probe.state === 'ready') this.#start.ready(probe.by);
    if (this.#readiness.phase === 'starting') this.#judgeStart(probe);
    const reweighted = this.#stated.take(probe);
    const { phase } = this.#readiness;
    // A change of its phase is told anyway.
    if (reweighted && phase === this.#phase) this.#onChange();
    if (probe.state !== 'draining') this.#setPhase(phase);
    else if (this.#leavingSince === undefined) this.#noteLeaving();
  }

  /** So that the next controller does not take a server that hangs for one that knows no HTTP. */
  async #keepAnswersHttp(): Promise<void> {
    if (!this.#check.answersHttp || this.#record.answersHttp === true || this.#closed) return;
    this.#record = { ...this.#record, answersHttp: true };
    await this.keep();
  }

  async #probe(): Promise<ProbeResult> {
    if (this.#address !== undefined) return this.#check.ask(this.#address);
    const { port } = this.#record;
    if (port === undefined) return { state: 'failed', reason: 'it has not written its address to its port file' };
    const results: ProbeResult[] = [];
    // `localhost` is either, depending on the system.
    for (const host of ['127.0.0.1', '::1']) {
      const address = formatHostPort({ host, port });
      const result = await this.#check.ask(address);
      results.push(result);
      if (result.state === 'failed' && result.by !== 'http') continue;
      const stranger = strangerOn(port, this.pid, this.#records.portFile(this.id));
      if (stranger !== undefined) return this.#portTaken(port, stranger);
      // It may have announced another one meanwhile.
      this.#address ??= address;
      return result;
    }
    return results[0] ?? { state: 'failed', reason: 'no answer' };
  }

  /** Somebody else was faster: the node is ended, and its replacement gets another port. */
  #portTaken(port: number, by: number): ProbeResult {
    const reason = `process ${by}, which is no part of it, listens on its port ${port}`;
    if (!this.#isAskedToLeave) {
      this.#start.portTaken(reason);
      this.signal('SIGKILL');
    }
    return { state: 'failed', reason };
  }

  #judgeStart(probe: ProbeResult): void {
    if (probe.state !== 'failed' || this.#isAskedToLeave) return;
    const { startSeconds = DEFAULT_START_SECONDS } = this.#settings();
    const { port, pid } = this.#record;
    if (this.#start.judge(probe.reason, startSeconds, { port, pid }) === 'failed')
      inBackground(this.#log, 'node-not-ended', this.terminate(FAILED_START_GRACE_MS));
  }

  get #isAskedToLeave(): boolean {
    return this.#leavingSince !== undefined || this.#record.stopping === true;
  }

  #leave(): void {
    this.#leavingSince = steadyNow();
    this.#record = { ...this.#record, drainingSince: Date.now() };
  }

  /** It has begun to leave by itself, whether that can be kept or not. */
  #noteLeaving(): void {
    this.#leave();
    this.keepInBackground();
    this.#onChange();
  }

  /** As it is when its turn comes. */
  #save(): Promise<void> {
    return this.#saves.run(() => this.#records.save(this.#record));
  }

  #readAddress(): void {
    if (this.#address !== undefined || this.#unusableAddress) return;
    try {
      this.#address = this.#records.address(this.id);
    } catch (error) {
      this.#unusableAddress = true;
      this.#log.error(
        { event: 'node-address-invalid', node: this.id, action: 'fix the backend, then kill this node' },
        messageOf(error),
      );
    }
  }

  #setPhase(phase: Workload['phase']): void {
    if (phase === this.#phase) return;
    // Its last words come before the news of its end.
    if (phase === 'gone') this.#output.stop();
    this.#phase = phase;
    const { id, pid } = this;
    this.#log.info({ event: `node-${phase}`, node: id, pid, address: this.#address }, `node ${id} is ${phase}`);
    this.#onChange();
  }
}
