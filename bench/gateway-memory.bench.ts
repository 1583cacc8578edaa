import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { RoleAnswer, RoleRequest } from './gateway-memory-messages.ts';
import { atMost, type BenchResult, median } from './result.ts';

const CONNECTIONS = 4_000;
/** Connections that come and go first, so that code and pools are there before anything is measured. */
const WARM_UP = 500;
const ROUNDS = 5;
/** Growth of resident memory by a connection relative to http-proxy-3. */
const LIMIT = 0.6;

/**
 * What an idle connection costs a proxy: the growth of the process's resident memory from none to 4,000 connections,
 * each of which has carried one message there and back, with a forced collection before both looks. Our gateway and
 * http-proxy-3's WebSocket proxy take turns, each time in a fresh process; the median of the rounds' ratios counts.
 * What the kernel holds for the sockets is the same for both, and not in the figure.
 */
export async function run(): Promise<BenchResult[]> {
  const node = await Role.start('node');
  const load = await Role.start('load');
  try {
    const bytesEach = async (role: string): Promise<number> => {
      const proxy = await Role.start(role, node.port);
      try {
        await load.ask({ ask: 'open', port: proxy.port, count: WARM_UP });
        await load.ask({ ask: 'close' });
        const before = await proxy.rss();
        await load.ask({ ask: 'open', port: proxy.port, count: CONNECTIONS });
        const after = await proxy.rss();
        await load.ask({ ask: 'close' });
        return (after - before) / CONNECTIONS;
      } finally {
        proxy.stop();
      }
    };
    const ours: number[] = [];
    const theirs: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      ours.push(await bytesEach('gateway'));
      theirs.push(await bytesEach('peer'));
    }
    const kilobytes = (values: readonly number[]) => (median(values) / 1_000).toFixed(1);
    return [
      atMost(
        'gateway: memory of an idle connection, relative to http-proxy-3',
        median(ours.map((bytes, round) => bytes / (theirs[round] ?? Number.NaN))),
        LIMIT,
        'ratio',
        `${kilobytes(ours)} kB against ${kilobytes(theirs)} kB of RSS a connection; ${CONNECTIONS} connections, ${ROUNDS} rounds each`,
      ),
    ];
  } finally {
    load.stop();
    node.stop();
  }
}

/** One process of the benchmark. */
class Role {
  readonly #child: ChildProcess;
  port = 0;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async start(role: string, nodePort = 0): Promise<Role> {
    const script = fileURLToPath(new URL('./gateway-memory-role.ts', import.meta.url));
    const started = new Role(fork(script, [role, String(nodePort)], { execArgv: ['--expose-gc'] }));
    const answer = await started.#answer();
    if ('port' in answer) started.port = answer.port;
    return started;
  }

  ask(request: RoleRequest): Promise<RoleAnswer> {
    const answer = this.#answer();
    this.#child.send(request);
    return answer;
  }

  async rss(): Promise<number> {
    const answer = await this.ask({ ask: 'rss' });
    return 'rssBytes' in answer ? answer.rssBytes : Number.NaN;
  }

  stop(): void {
    this.#child.kill('SIGKILL');
  }

  #answer(): Promise<RoleAnswer> {
    return new Promise((resolve, reject) => {
      const onExit = (code: number | null) => reject(new Error(`a process of the benchmark ended with ${code}`));
      this.#child.once('exit', onExit);
      this.#child.once('message', (answer: RoleAnswer) => {
        this.#child.off('exit', onExit);
        resolve(answer);
      });
    });
  }
}
