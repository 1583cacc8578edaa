import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

export interface LogLine {
  readonly level: string;
  readonly event?: string;
  readonly msg?: string;
  readonly [field: string]: unknown;
}

/** A process of the system with what it has logged so far. */
export class LoggedProcess {
  readonly child: ChildProcess;
  readonly lines: LogLine[] = [];
  /** What came that was no log line, stderr too. */
  readonly other: string[] = [];

  constructor(args: readonly string[], env: Record<string, string> = {}, cwd?: string) {
    this.child = spawn(process.execPath, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
      ...(cwd === undefined ? {} : { cwd }),
    });
    for (const stream of [this.child.stdout, this.child.stderr])
      if (stream !== null)
        createInterface({ input: stream }).on('line', (line) => {
          if (line.startsWith('{')) this.lines.push(JSON.parse(line) as LogLine);
          else this.other.push(line);
        });
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Error('the process was not started');
    return this.child.pid;
  }

  get ended(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  has(event: string): boolean {
    return this.lines.some((line) => line.event === event);
  }

  /** How it stands, and what it said last: for the message of a test that fails. */
  get story(): string {
    const end = this.child.exitCode ?? this.child.signalCode ?? 'none';
    const said = [...this.lines.slice(-5).map((line) => JSON.stringify(line)), ...this.other.slice(-5)];
    return `process ${this.child.pid} (exit: ${end}) said last: ${said.join('; ') || 'nothing'}`;
  }

  signal(signal: NodeJS.Signals): void {
    if (!this.ended) this.child.kill(signal);
  }

  /** Sends a signal and waits for the end; the exit code, or the signal that ended it. */
  async end(signal: NodeJS.Signals): Promise<number | NodeJS.Signals | null> {
    if (!this.ended) {
      const exit = once(this.child, 'exit');
      this.child.kill(signal);
      await exit;
    }
    return this.child.exitCode ?? this.child.signalCode;
  }
}

/** Processes whose command line or environment names `text`, a folder of this test's own: pid and command line. */
export function processesNaming(text: string): { pid: number; command: string }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name) => {
      try {
        const command = readFileSync(`/proc/${name}/cmdline`, 'latin1').replaceAll('\0', ' ').trim();
        const named = command.includes(text) || readFileSync(`/proc/${name}/environ`, 'latin1').includes(text);
        return named && command !== '' ? [{ pid: Number(name), command }] : [];
      } catch {
        return []; // ended meanwhile
      }
    });
}
