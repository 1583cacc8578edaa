import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { builtGoProgram } from '@wscluster/testbed/provide';
import { Browser } from '../../dashboard/support/browser.ts';
import { until } from '../support/wait.ts';
import { talkInPage } from './page.ts';

/** What all clients of a program have seen together. */
export interface Counts {
  readonly open: number;
  readonly sent: number;
  readonly received: number;
}

/**
 * Clients of one kind, which never reconnect: each sends the numbered messages of messages.ts, and checks those of its
 * node, which answers each with one of its own.
 */
export interface Clients {
  readonly kind: string;
  readonly urls: readonly string[];
  counts(): Promise<Counts>;
  /** Wrong messages, ends and errors, each with the URL of its client. */
  faults(): Promise<readonly string[]>;
  /** They send no more. */
  calm(): Promise<void>;
  end(): Promise<void>;
}

const START: Record<string, () => Promise<readonly string[]>> = {
  ws: async () => [process.execPath, fileURLToPath(new URL('./clients.ts', import.meta.url))],
  python: async () => [
    process.env.WSCLUSTER_TEST_PYTHON ?? '',
    fileURLToPath(new URL('./clients.py', import.meta.url)),
  ],
  go: async () => [await goClients()],
};

/** The program of Go clients, which is built if it is not there yet. */
export function goClients(): Promise<string> {
  return builtGoProgram('numbered-clients', fileURLToPath(new URL('./go', import.meta.url)));
}

/** `kind`: ws, python, go or chromium; `everyMs`: between two messages of a client. */
export async function startClients(kind: string, urls: readonly string[], everyMs: number): Promise<Clients> {
  if (kind === 'chromium') return inChromium(urls, everyMs);
  const [program = '', ...args] = (await START[kind]?.()) ?? [];
  return new ClientProgram(kind, urls, spawn(program, [...args, String(everyMs), ...urls], { stdio: 'pipe' }));
}

/**
 * `PROGRAM EVERY_MS URL...` writes a line of JSON with its counts and the faults since the last one. A line to it ends
 * the talk, and the end of its input the program.
 */
class ClientProgram implements Clients {
  readonly kind: string;
  readonly urls: readonly string[];
  readonly #process: ChildProcess;
  readonly #faults: string[] = [];
  #counts: Counts = { open: 0, sent: 0, received: 0 };

  constructor(kind: string, urls: readonly string[], child: ChildProcess) {
    this.kind = kind;
    this.urls = urls;
    this.#process = child;
    child.on('error', (error) => this.#faults.push(error.message));
    child.on('exit', (code) => this.#faults.push(`the program of the clients has ended with ${code}`));
    child.stderr?.on('data', (text: Buffer) => this.#faults.push(String(text)));
    if (child.stdout === null) throw new Error('the clients have no output');
    createInterface({ input: child.stdout }).on('line', (line) => {
      const { faults, ...counts } = JSON.parse(line) as Counts & { faults: string[] };
      this.#counts = counts;
      this.#faults.push(...faults);
    });
  }

  counts = async () => this.#counts;
  faults = async () => this.#faults;

  async calm(): Promise<void> {
    this.#process.stdin?.write('\n');
    await settledCounts(this);
  }

  async end(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exit = once(this.#process, 'exit');
    this.#process.stdin?.end();
    await exit;
  }
}

async function inChromium(urls: readonly string[], everyMs: number): Promise<Clients> {
  const browser = await Browser.open();
  // A page of nobody may not open WebSockets.
  const page = await browser.page(new URL('/whoami?userId=page', urls[0]?.replace('ws', 'http')).href);
  await page.evaluate(talkInPage, { urls, everyMs });
  const seen = () => page.evaluate(() => (globalThis as unknown as { seen: Counts & { faults: string[] } }).seen);
  const clients: Clients = {
    ...{ kind: 'chromium', urls, counts: seen },
    faults: async () => (await seen()).faults,
    calm: async () => {
      await page.evaluate(() => Object.assign(globalThis, { calm: true }));
      await settledCounts(clients);
    },
    end: () => browser.close(),
  };
  return clients;
}

/** Those of which nothing more is on its way. */
async function settledCounts(clients: Clients): Promise<void> {
  let before = -1;
  let last = '';
  const settled = async () => {
    const counts = await clients.counts();
    last = JSON.stringify(counts);
    const all = counts.sent === before && counts.received === counts.sent;
    before = counts.sent;
    return all || (await clients.faults()).length > 0;
  };
  // They are told of every 200 ms.
  await until(`all clients of ${clients.kind} have their answers`, settled, 60_000, 300).catch((error: Error) => {
    throw new Error(`${error.message}: ${last}`);
  });
}
