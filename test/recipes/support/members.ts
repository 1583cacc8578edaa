import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { until } from '../../e2e/support/wait.ts';
import { required } from './required.ts';

/** The end of a connection as the client's own API tells it, and how long it took until the next one, ms. */
export interface Closed {
  readonly how: string;
  readonly at: number;
  backAfterMs?: number;
}

/** One client of a recipe. */
export interface Member {
  readonly gateway: string;
  readonly room: string;
  open: boolean;
  readonly said: string[];
  /** How often it heard each text of the other member. */
  readonly heard: Map<string, number>;
  readonly closes: Closed[];
}

interface Line {
  /** Monotonic, ms. */
  readonly at: number;
  readonly member: number;
  readonly kind: 'open' | 'said' | 'heard' | 'closed';
  readonly text?: string;
  readonly how?: string;
}

const RUN_MEMBERS_MJS = fileURLToPath(new URL('./run-members.mjs', import.meta.url));
const RUN_MEMBERS_PY = fileURLToPath(new URL('./run_members.py', import.meta.url));

/**
 * The clients of a recipe, in a process of their own that runs the recipe's client as it is: in each room one at each
 * gateway. They talk all the time.
 */
export class Members {
  readonly all: Member[];
  readonly #process: ChildProcess;
  #complaints = '';

  /** `program`: the recipe's client.mjs or client.py. `isPatient`: its jitter makes it wait for long. */
  constructor(program: string, gateways: readonly string[], rooms: readonly string[], { isPatient = false } = {}) {
    const wanted = rooms.flatMap((room) => gateways.map((gateway) => ({ gateway, room })));
    this.all = wanted.map((of) => ({ ...of, open: false, said: [], heard: new Map<string, number>(), closes: [] }));
    const [command, script] = program.endsWith('.py')
      ? [join(required('WSCLUSTER_TEST_VENV'), 'bin', 'python'), RUN_MEMBERS_PY]
      : [process.execPath, RUN_MEMBERS_MJS];
    const patience = isPatient ? ['patient'] : [];
    this.#process = spawn(command, [script, program, JSON.stringify(wanted), ...patience], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const { stdout, stderr } = this.#process;
    if (stdout !== null) createInterface({ input: stdout }).on('line', (line) => this.#take(line));
    stderr?.on('data', (text: Buffer) => {
      this.#complaints += String(text);
    });
  }

  /** The others in the room of a member. */
  peers(member: Member): Member[] {
    return this.all.filter((other) => other !== member && other.room === member.room);
  }

  /** Waits until each has a connection, and has heard something that was said after that. */
  async hearEachOther(): Promise<void> {
    await this.until('all clients are connected', () => this.all.every(({ open }) => open));
    const before = new Map(this.all.map((member) => [member, member.said.length]));
    const isHeard = (member: Member) => {
      const since = member.said.slice(before.get(member));
      return this.peers(member).every(({ heard }) => since.some((text) => heard.has(text)));
    };
    await this.until('all clients hear each other', () => this.all.every((member) => member.open && isHeard(member)));
  }

  /** Waits for a state of the clients; fails if they have ended, and says what they have said. */
  async until(what: string, state: () => boolean, deadlineMs?: number): Promise<void> {
    await until(what, () => this.#process.exitCode !== null || state(), deadlineMs).catch((error: Error) => {
      const { all } = this;
      const unlike = all.flatMap(({ room, gateway, open, closes, said, heard }, member) =>
        open && heard.size > 0 ? [] : [{ member, room, gateway, open, closes, said: said.length, heard: heard.size }],
      );
      throw new Error(`${error.message}; ${JSON.stringify(unlike)}; the clients say: ${this.#complaints.slice(-4000)}`);
    });
    if (this.#process.exitCode !== null) throw new Error(`the clients have ended: ${this.#complaints.slice(-4000)}`);
  }

  async end(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exit = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await exit;
  }

  #take(text: string): void {
    if (!text.startsWith('{')) {
      this.#complaints += `${text}\n`;
      return;
    }
    const line = JSON.parse(text) as Line;
    const member = this.all[line.member];
    if (member === undefined) return;
    const last = member.closes.at(-1);
    if (line.kind === 'open') {
      member.open = true;
      if (last !== undefined) last.backAfterMs ??= line.at - last.at;
    } else if (line.kind === 'closed') {
      member.open = false;
      member.closes.push({ how: line.how ?? '', at: line.at });
    } else if (line.kind === 'said') member.said.push(line.text ?? '');
    // Some servers send to a member what it has said itself.
    else if (!line.text?.startsWith(`${line.member}:`))
      member.heard.set(line.text ?? '', (member.heard.get(line.text ?? '') ?? 0) + 1);
  }
}
