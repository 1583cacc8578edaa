import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { inBackground, type Logger, READY_MESSAGE } from '@wscluster/service';
import { printLog } from './log-stream.ts';

/** Exit code of a process whose configuration is unusable: starting it again would not help. */
const EXIT_UNUSABLE = 2;
const RESTART_MS = 1000;

export interface SupervisedOptions {
  readonly name: string;
  /** Program file and arguments, run by this Node. */
  readonly args: readonly string[];
  readonly log: Logger;
  /** It begins only then; by default at once. */
  readonly after?: Promise<void>;
  /** It cannot run at all: its log says why. */
  onUnusable(): void;
}

/** A process that is restarted after 1 s whenever it ends by itself, unless it cannot run at all. */
export class Supervised {
  readonly #options: SupervisedOptions;
  readonly #stopping = new AbortController();
  readonly #pids = new Set<number>();
  readonly #running = Promise.withResolvers<void>();
  #started = false;
  #child: ChildProcess | undefined;

  constructor(options: SupervisedOptions) {
    this.#options = options;
    const { after, log } = options;
    if (after === undefined) this.#begin();
    else
      inBackground(
        log,
        'start-failed',
        after.then(() => this.#begin()),
      );
  }

  /**
   * It has reported once that it runs. If it becomes unusable later, it is restarted again and again until somebody has
   * fixed it.
   */
  get started(): boolean {
    return this.#started;
  }

  /** Resolves once it has reported that it runs. */
  get running(): Promise<void> {
    return this.#running.promise;
  }

  /** Whether this is its process, now or before a restart. */
  owns(pid: number): boolean {
    return this.#pids.has(pid);
  }

  /** Ends it: SIGTERM, and SIGKILL after `graceMs`. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping.abort();
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    const force = setTimeout(() => child.kill('SIGKILL'), graceMs);
    await once(child, 'exit');
    clearTimeout(force);
  }

  #begin(): void {
    if (!this.#stopping.signal.aborted) this.#child = this.#start();
  }

  #start(): ChildProcess {
    const { name, args, log } = this.#options;
    const child = spawn(process.execPath, args, {
      // Its own session: Ctrl-C reaches only this process, which then ends everything in order. The ipc channel tells
      // the child when this process has died.
      detached: true,
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    });
    if (child.pid !== undefined) this.#pids.add(child.pid);
    if (child.stdout !== null) printLog(child.stdout);
    child.on('message', (message) => {
      if (message !== READY_MESSAGE) return;
      this.#started = true;
      this.#running.resolve();
    });
    child.once('exit', (code, signal) => {
      if (this.#stopping.signal.aborted) return;
      if (code === EXIT_UNUSABLE && !this.#started) return this.#options.onUnusable();
      log.warn(
        { event: 'process-ended', action: 'none: it is started again; see its own message if it keeps ending' },
        `${name} ended (${signal ?? code})`,
      );
      delay(RESTART_MS, undefined, { signal: this.#stopping.signal }).then(
        () => this.#begin(),
        () => {},
      );
    });
    return child;
  }
}
