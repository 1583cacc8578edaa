import { messageOf } from '@wscluster/ring';
import { type Logger, processIdentity } from '@wscluster/service';
import type { Workload } from '../../core/ports/workload-source.ts';
import { probeReadiness, Readiness } from '../readiness.ts';
import type { NodeRecord, NodeRecords } from './node-record.ts';

/**
 * Watches one node process: whether it lives, where it listens and whether it is ready. Calls `onChange` on each change
 * of phase. An adopted process is not a child of this one, so its end is noticed by polling.
 */
export class NodeProcess {
  readonly record: NodeRecord;
  /** Resolves once the process has been looked at, so that the state of an adopted process is known. */
  looked: Promise<void> = Promise.resolve();
  readonly #records: NodeRecords;
  readonly #onChange: () => void;
  readonly #log: Logger;
  #phase: Workload['phase'] = 'starting';
  #address: string | undefined;
  #unusableAddress = false;
  readonly #readiness = new Readiness();
  #timer: NodeJS.Timeout | undefined;
  #forceTimer: NodeJS.Timeout | undefined;
  #forceAt = Number.POSITIVE_INFINITY;
  #closed = false;

  constructor(record: NodeRecord, records: NodeRecords, log: Logger, onChange: () => void) {
    this.record = record;
    this.#records = records;
    this.#log = log;
    this.#onChange = onChange;
    this.#readAddress();
  }

  /** Starts to watch. */
  start(): void {
    this.looked = this.#look();
    void this.looked.then(() => this.#schedule());
  }

  get workload(): Workload {
    const { id, createdAt, drainingSince } = this.record;
    const phase = drainingSince !== undefined && this.#phase !== 'gone' ? 'draining' : this.#phase;
    return {
      id,
      ...(createdAt === undefined ? {} : { createdAt }),
      address: this.#address,
      phase,
      managed: true,
      ...(drainingSince === undefined ? {} : { drainingSince }),
    };
  }

  get alive(): boolean {
    return processIdentity(this.record.pid) === this.record.identity;
  }

  markDraining(): void {
    this.record.drainingSince ??= Date.now();
    this.#records.save(this.record);
    this.#onChange();
  }

  /** Sends a signal, if the process is still the recorded one. */
  signal(signal: 'SIGTERM' | 'SIGKILL'): void {
    if (!this.alive) return;
    try {
      process.kill(this.record.pid, signal);
    } catch (error) {
      this.#log.warn(
        { event: 'node-signal-failed', node: this.record.id, signal, action: 'end the process by hand' },
        messageOf(error),
      );
    }
  }

  /** Asks it to end, and kills it after `graceMs`, or sooner if an earlier call said so. */
  terminate(graceMs: number): void {
    const forceAt = performance.now() + graceMs;
    if (forceAt >= this.#forceAt) return;
    if (this.record.stopping !== true) {
      this.record.stopping = true;
      this.#records.save(this.record);
      this.signal('SIGTERM');
    }
    clearTimeout(this.#forceTimer);
    this.#forceAt = forceAt;
    this.#forceTimer = setTimeout(() => this.signal('SIGKILL'), graceMs);
  }

  /** The process has ended: its phase is gone from now on. */
  ended(): void {
    if (this.#phase === 'gone') return;
    this.close();
    this.#setPhase('gone');
  }

  /** Stops watching; the process keeps running. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#forceTimer);
  }

  #schedule(): void {
    if (this.#closed) return;
    this.#timer = setTimeout(() => void this.#look().then(() => this.#schedule()), this.#readiness.nextProbeMs);
  }

  async #look(): Promise<void> {
    if (!this.alive) return this.ended();
    this.#readAddress();
    if (this.#address === undefined) return;
    const probe = await probeReadiness(this.#address);
    if (this.#closed) return;
    this.#readiness.take(probe);
    if (probe.state !== 'draining') this.#setPhase(this.#readiness.phase);
    else if (this.record.drainingSince === undefined) this.markDraining();
  }

  #readAddress(): void {
    if (this.#address !== undefined || this.#unusableAddress) return;
    try {
      this.#address = this.#records.address(this.record.id);
    } catch (error) {
      this.#unusableAddress = true;
      this.#log.error(
        { event: 'node-address-invalid', node: this.record.id, action: 'fix the backend, then kill this node' },
        messageOf(error),
      );
    }
  }

  #setPhase(phase: Workload['phase']): void {
    if (phase === this.#phase) return;
    this.#phase = phase;
    const { id, pid } = this.record;
    this.#log.info({ event: `node-${phase}`, node: id, pid, address: this.#address }, `node ${id} is ${phase}`);
    this.#onChange();
  }
}
