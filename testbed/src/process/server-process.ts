import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { RealServer } from '../server.ts';
import { childrenOf, groupOf } from './children.ts';
import { waitUntilStopped } from './stopped.ts';

/** A program and its arguments. */
export type Command = readonly [string, ...string[]];

export interface ServerProcessOptions {
  /** For messages: `redis-server`. */
  readonly name: string;
  readonly address: string;
  /** A folder for the server alone; it also has `server.log`, and is removed by dispose. */
  readonly folder: string;
  /** If it is a function, it is called at each start. */
  readonly command: Command | (() => Command);
  /** The command waits for the server, its child, and ends with it (unshare, nsenter): signals go to the child. */
  readonly wraps?: boolean;
  /** The kernel ends the command when this process dies; default true. */
  readonly endsWithUs?: boolean;
  /** In addition to the environment of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** Whether it serves by now; called repeatedly while it starts. */
  readonly answers: () => Promise<boolean>;
  /** Milliseconds that a start may take; default 180,000. */
  readonly startMs?: number;
  /** Milliseconds from SIGTERM to SIGKILL; default 20,000. */
  readonly stopMs?: number;
  /** Called after the process has ended, for whatever reason, and before stop, kill and dispose resolve. */
  readonly onEnd?: () => Promise<void>;
}

const LOOK_MS = 50;

/** A server that is one process (with its children) in its own process group. */
export class ServerProcess implements RealServer {
  readonly address: string;
  readonly #options: ServerProcessOptions;
  #child: ChildProcess | undefined;

  constructor(options: ServerProcessOptions) {
    this.#options = options;
    this.address = options.address;
  }

  get pid(): number | undefined {
    return running(this.#child) ? this.#child?.pid : undefined;
  }

  async start(): Promise<void> {
    const { name, startMs = 180_000, answers } = this.#options;
    if (this.pid !== undefined) throw new Error(`${name} runs already as process ${this.pid}`);
    const child = this.#spawn();
    let failure: Error | undefined;
    child.once('error', (error) => {
      failure = error;
    });
    const deadline = performance.now() + startMs;
    while (!(await answers())) {
      if (failure !== undefined) throw new Error(`cannot run ${name}: ${failure.message}`);
      if (!running(child)) throw new Error(`${name} ended while it started. Its log ends with:\n${this.logTail()}`);
      if (performance.now() > deadline) {
        await this.kill();
        throw new Error(`${name} did not answer within ${startMs} ms. Its log ends with:\n${this.logTail()}`);
      }
      await delay(LOOK_MS);
    }
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child === undefined || !running(child)) return;
    this.thaw();
    const ended = once(child, 'exit');
    const patience = setTimeout(() => this.#signal('SIGKILL'), this.#options.stopMs ?? 20_000);
    const wrapped = this.#wrapped();
    if (wrapped.length === 0) child.kill('SIGTERM');
    for (const pid of wrapped) signalOne(pid, 'SIGTERM');
    await ended;
    clearTimeout(patience);
    await this.#cleanUp(child);
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || !running(child)) return;
    const ended = once(child, 'exit');
    this.#signal('SIGKILL');
    await ended;
    await this.#cleanUp(child);
  }

  freeze(): void {
    this.#signal('SIGSTOP');
    if (process.platform === 'linux')
      waitUntilStopped(this.#signalled().flatMap((id) => (id > 0 ? [id] : groupOf(-id))));
  }

  thaw(): void {
    this.#signal('SIGCONT');
  }

  async dispose(): Promise<void> {
    await this.kill();
    rmSync(this.#options.folder, { recursive: true, force: true });
  }

  /** The last lines of its log, over all of its starts. */
  logTail(lines = 20): string {
    try {
      return readFileSync(this.#log, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
    } catch {
      return '(no log)';
    }
  }

  get #log(): string {
    return join(this.#options.folder, 'server.log');
  }

  #spawn(): ChildProcess {
    const { command: given, endsWithUs = true } = this.#options;
    const ours = typeof given === 'function' ? given() : given;
    const [command, ...args] = endsWithUs ? endingWithUs(ours) : ours;
    const log = openSync(this.#log, 'a');
    try {
      const child = spawn(command, args, {
        cwd: this.#options.folder,
        // Its own group: kill reaches its children, and Ctrl-C reaches only the process that started it.
        detached: true,
        stdio: ['ignore', log, log],
        env: { ...process.env, ...this.#options.env },
      });
      this.#child = child;
      return child;
    } finally {
      closeSync(log);
    }
  }

  #signal(signal: NodeJS.Signals): void {
    for (const id of this.#signalled()) signalOne(id, signal);
  }

  /** The wrapped children, else the group of the process. */
  #signalled(): number[] {
    const { pid } = this;
    if (pid === undefined) return [];
    const children = this.#wrapped();
    return children.length > 0 ? children : [-pid];
  }

  /** A wrapper that ended first would leave its child to a process that does not know it. */
  #wrapped(): number[] {
    return this.#options.wraps === true && this.pid !== undefined ? childrenOf(this.pid) : [];
  }

  /** Children that outlived the server are ended too, so that nothing answers in its name. */
  async #cleanUp(child: ChildProcess): Promise<void> {
    if (child.pid !== undefined) signalOne(-child.pid, 'SIGKILL');
    await this.#options.onEnd?.();
  }
}

function running(child: ChildProcess | undefined): boolean {
  return child?.pid !== undefined && child.exitCode === null && child.signalCode === null;
}

/** `pid`: of a process, or negative of its group. */
function signalOne(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** On Linux the kernel ends the server when the process that started it dies, so a killed test leaves none. */
function endingWithUs(command: Command): Command {
  return process.platform === 'linux' ? ['setpriv', '--pdeathsig', 'KILL', '--', ...command] : command;
}
