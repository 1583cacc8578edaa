import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { onOtherCores } from './cores.ts';

/** What the load is told to do; load/generator.go says what the fields mean. */
export interface Command {
  readonly do: 'open' | 'close' | 'talk' | 'request' | 'pace' | 'push' | 'send' | 'storm' | 'comeback';
  readonly group?: string;
  readonly port?: number;
  readonly path?: string;
  readonly count?: number;
  readonly node?: string;
  readonly bytes?: number;
  readonly perSecond?: number;
  readonly ms?: number;
}

/** What was counted (`units`), the time that it took (`ms`), and more, by command. */
export type Counted = Readonly<Record<string, number>>;

/** The load: a process that opens connections and talks. One command at a time. */
export class Generator {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AsyncIterator<string>;
  readonly #interface: Interface;

  constructor(program: string) {
    const [command, ...args] = onOtherCores([program, 'generate']);
    this.#child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#interface = createInterface(this.#child.stdout);
    this.#lines = this.#interface[Symbol.asyncIterator]();
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  async ask(command: Command): Promise<Counted> {
    this.#child.stdin.write(`${JSON.stringify(command)}\n`);
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error('the load generator has ended');
    const answer = JSON.parse(value) as Counted & { error?: string };
    if (answer.error !== undefined) throw new Error(`${answer.error} (${JSON.stringify(command)})`);
    return answer;
  }

  /** It ends when its input does. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, 'exit');
    this.#child.stdin.end();
    await exit;
  }
}
