import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { CONNECTIONS, type RoleAnswer, type RoleRequest } from './gateway-echo-messages.ts';
import { atMost, type BenchResult, median } from './result.ts';

const ROUNDS = 30;
const ROUND_MS = 500;
const WARM_UP_MS = 3_000;
/** CPU per message relative to http-proxy-3. */
const LIMIT = 0.95;

/**
 * Echo of 64-byte messages over 64 connections, through our gateway and through http-proxy-3's WebSocket proxy: the CPU
 * time that each process takes for a message there and back, user and kernel, as a ratio. Rounds are short
 * and alternate, so that whatever else the machine does meets both; the median of the rounds' ratios counts.
 */
export async function run(): Promise<BenchResult[]> {
  const processes: ChildProcess[] = [];
  try {
    const start = async (role: string, nodePort = 0) => {
      const child = fork(fileURLToPath(new URL('./gateway-echo-role.ts', import.meta.url)), [role, String(nodePort)]);
      processes.push(child);
      const answer = await nextAnswer(child);
      return { child, port: 'port' in answer ? answer.port : 0 };
    };
    const node = await start('node');
    const gateway = await start('gateway', node.port);
    const peer = await start('peer', node.port);
    const load = await start('load');

    const microsPerMessage = async (proxy: typeof gateway, ms: number): Promise<number> => {
      const before = await cpuOf(proxy.child);
      const done = await ask(load.child, { ask: 'run', port: proxy.port, ms });
      const after = await cpuOf(proxy.child);
      return (after - before) / ('messages' in done ? done.messages : Number.NaN);
    };

    await microsPerMessage(gateway, WARM_UP_MS);
    await microsPerMessage(peer, WARM_UP_MS);
    const ours: number[] = [];
    const theirs: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      // Each goes first as often as second.
      if (round % 2 === 0) ours.push(await microsPerMessage(gateway, ROUND_MS));
      theirs.push(await microsPerMessage(peer, ROUND_MS));
      if (round % 2 === 1) ours.push(await microsPerMessage(gateway, ROUND_MS));
    }
    const measured = median(ours.map((micros, i) => micros / (theirs[i] ?? Number.NaN)));
    return [
      atMost(
        'gateway: CPU per echoed message, relative to http-proxy-3',
        measured,
        LIMIT,
        'ratio',
        `${median(ours).toFixed(1)} µs against ${median(theirs).toFixed(1)} µs; ${CONNECTIONS} connections, 64-byte messages, ${ROUNDS} rounds each`,
      ),
    ];
  } finally {
    for (const child of processes) child.kill();
  }
}

async function cpuOf(child: ChildProcess): Promise<number> {
  const answer = await ask(child, { ask: 'cpu' });
  return 'cpuMicros' in answer ? answer.cpuMicros : Number.NaN;
}

function ask(child: ChildProcess, request: RoleRequest): Promise<RoleAnswer> {
  const answer = nextAnswer(child);
  child.send(request);
  return answer;
}

function nextAnswer(child: ChildProcess): Promise<RoleAnswer> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null) => reject(new Error(`a process of the benchmark ended with ${code}`));
    child.once('exit', onExit);
    child.once('message', (answer: RoleAnswer) => {
      child.off('exit', onExit);
      resolve(answer);
    });
  });
}
