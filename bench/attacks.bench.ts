import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { releaseUpTo, revision, ringMessage, ringOf } from '../gateway/src/testing/rings.ts';
import { ATTACKED_SETTINGS, ATTACKED_SLOTS, type AttackName, type Strength } from '../test/gateway/support/attacks.ts';
import { GatewayProcess } from '../test/gateway/support/gateway-process.ts';
import type { RoleAnswer, RoleRequest } from './attacks-messages.ts';
import { moveTo } from './peers/cores.ts';
import { atMost, type BenchOptions, type BenchResult, median } from './result.ts';

const CLIENTS = 500;
/** Of all clients: two a second of each. */
const PER_SECOND = 1_000;
const ROUNDS = 5;
const SECONDS = 4;
/** Before a round is measured with the attack on. */
const BEFORE_MS = 1_000;
/** p99 of the honest clients' echo beside an attack, as a multiple of that without. */
const LIMIT = 2;

interface Case {
  readonly attack: AttackName;
  readonly how: string;
  readonly strength: Strength;
}

interface Sample {
  /** p99 of the round trips. */
  readonly ms: number;
  /** Of the gateway's core, %. */
  readonly cpu: number;
}

const CASES: readonly Case[] = [
  { attack: 'costly heads', how: '4 a second', strength: { connections: 4, perSecond: 4 } },
  { attack: 'costly heads', how: '100 a second', strength: { connections: 10, perSecond: 100 } },
  { attack: 'costly heads', how: 'one connection, without a pause', strength: { connections: 1 } },
  { attack: 'costly heads', how: '20 connections, without a pause', strength: { connections: 20 } },
  { attack: 'pipelined GETs that nobody reads', how: 'one connection', strength: { connections: 1 } },
  { attack: 'pipelined GETs that nobody reads', how: '20 connections', strength: { connections: 20 } },
  { attack: 'bodies that stop arriving', how: '100 a second', strength: { connections: 5_000, perSecond: 100 } },
  { attack: 'bodies that stop arriving', how: '500 a second', strength: { connections: 5_000, perSecond: 500 } },
];

/**
 * Honest clients of a gateway without an attack, beside an attack on another gateway, and beside the same attack on
 * theirs, in turn. Their gateway has the last core to itself. Clients, attacker, their nodes and the other gateway
 * share the rest, where the attacker and the other gateway run only while nobody else wants to. What the attacker's
 * own work costs the clients is what the other gateway shows; the rest is what an attack does through the gateway.
 */
export async function run({ quick, cases }: BenchOptions): Promise<BenchResult[]> {
  const results: BenchResult[] = [];
  for (const one of CASES)
    if (cases === undefined || cases.some((part) => `${one.attack}, ${one.how}`.includes(part)))
      results.push(...(await measure(one, quick ? 2 : ROUNDS)));
  return results;
}

async function measure({ attack, how, strength }: Case, rounds: number): Promise<BenchResult[]> {
  const crowd = await Role.start('crowd');
  const attacker = await Role.start('attacker');
  const honest = { id: 'honest', port: crowd.nodePort };
  const ring = ringOf(revision(1), [honest, { id: 'attacked', port: attacker.nodePort }], (slot) =>
    ATTACKED_SLOTS.has(slot) ? 1 : 0,
  );
  const message = ringMessage(ring, releaseUpTo(ring.revision), ATTACKED_SETTINGS);
  const gateway = await GatewayProcess.start(message);
  const other = await GatewayProcess.start(message);
  const last = availableParallelism() - 1;
  moveTo(`${last}`, gateway.pid);
  for (const { pid } of [crowd, attacker, other]) moveTo(last === 0 ? '0' : `0-${last - 1}`, pid);
  for (const { pid } of [attacker, other]) giveWay(pid);
  try {
    await crowd.ask({ ask: 'connect', port: gateway.port, clients: CLIENTS });
    const talk = async (): Promise<Sample> => {
      const before = await gateway.census({ collect: false });
      const { times = [], faults = [] } = await crowd.ask({ ask: 'talk', perSecond: PER_SECOND, seconds: SECONDS });
      const after = await gateway.census({ collect: false });
      if (faults.length > 0) throw new Error(`beside ${attack}: ${faults[0]}, and ${faults.length - 1} more`);
      return { ms: p99(times), cpu: (after.cpuMs - before.cpuMs) / (SECONDS * 10) };
    };
    let requests = 0;
    const talkBeside = async (port: number): Promise<Sample> => {
      await attacker.ask({ ask: 'attack', port, name: attack, strength });
      await delay(BEFORE_MS);
      const sample = await talk();
      requests = (await attacker.ask({ ask: 'stop' })).requests ?? 0;
      return sample;
    };
    await talk();
    const [without, beside, elsewhere]: [Sample[], Sample[], Sample[]] = [[], [], []];
    let sent = 0;
    for (let round = 0; round < rounds; round++) {
      without.push(await talk());
      elsewhere.push(await talkBeside(other.port));
      beside.push(await talkBeside(gateway.port));
      sent += requests;
    }
    const perSecond = Math.round(sent / rounds / (SECONDS + BEFORE_MS / 1_000));
    const said = (samples: Sample[]) => {
      const [ms, cpu] = [median(samples.map((one) => one.ms)), median(samples.map((one) => one.cpu))];
      return `${ms.toFixed(1)} ms and ${cpu.toFixed(0)} % of its core`;
    };
    const against = (what: string, peers: Sample[], more: string) => {
      const ratios = beside.map(({ ms }, i) => ms / (peers[i]?.ms ?? Number.NaN)).sort((a, b) => a - b);
      return atMost(
        `gateway: p99 of ${CLIENTS} clients beside ${attack}, ${how}, relative to ${what}`,
        median(ratios),
        LIMIT,
        'times',
        `${said(beside)} against ${said(peers)}; ${more}` +
          `${rounds} rounds from ${ratios[0]?.toFixed(2)} to ${ratios.at(-1)?.toFixed(2)}`,
      );
    };
    return [
      against('without', without, `${perSecond} requests a second sent; `),
      against('the same attack on another gateway', elsewhere, ''),
    ];
  } finally {
    await Promise.all([gateway.kill(), other.kill()]);
    for (const role of [crowd, attacker]) role.end();
  }
}

function p99(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length * 0.99)] ?? Number.NaN;
}

/** It runs only while its core has nothing else to do. */
function giveWay(pid: number): void {
  execFileSync('chrt', ['--all-tasks', '--idle', '--pid', '0', String(pid)], { stdio: 'ignore' });
}

class Role {
  readonly #child: ChildProcess;
  nodePort = 0;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async start(role: string): Promise<Role> {
    const started = new Role(fork(fileURLToPath(new URL('./attacks-role.ts', import.meta.url)), [role]));
    started.nodePort = (await started.#answer()).port ?? 0;
    return started;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  ask(request: RoleRequest): Promise<RoleAnswer> {
    const answer = this.#answer();
    this.#child.send(request);
    return answer;
  }

  end(): void {
    this.#child.kill();
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
