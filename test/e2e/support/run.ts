import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../..', import.meta.url));

export interface Ended {
  /** The exit code, or the signal that ended it. */
  readonly code: number | NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command as a user runs it in the repository: what it has printed so far, and its end. */
export class Command {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  stdout = '';
  stderr = '';

  /**
   * `input` is what is typed; without it nothing can be. Leads a process group of its own, which Ctrl-C reaches whole.
   */
  constructor(program: string, args: readonly string[], env: Record<string, string> = {}, input?: string) {
    this.child = spawn(program, args, {
      cwd: root,
      detached: true,
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    });
    this.child.stdout?.on('data', (chunk) => {
      this.stdout += String(chunk);
    });
    this.child.stderr?.on('data', (chunk) => {
      this.stderr += String(chunk);
    });
    if (input !== undefined) this.child.stdin?.write(input);
    this.ended = once(this.child, 'close').then(() => ({
      code: this.child.exitCode ?? this.child.signalCode,
      stdout: this.stdout,
      stderr: this.stderr,
    }));
  }

  /** To the whole group, as a terminal does it. */
  signal(signal: NodeJS.Signals): void {
    if (this.child.exitCode === null && this.child.signalCode === null) process.kill(-(this.child.pid ?? 0), signal);
  }
}

/** Runs `wscluster` by its launcher, as npx does, to its end. */
export function wscluster(args: readonly string[], env: Record<string, string> = {}): Command {
  return new Command(process.execPath, ['cli/wscluster.mjs', ...args], env);
}
