import { setTimeout as delay } from 'node:timers/promises';
import { type Revision, slotOf } from '@wscluster/ring';
import type { Crowd } from '../test/e2e/support/crowd.ts';
import { http } from '../test/e2e/support/http.ts';
import { migrationsIn } from '../test/e2e/support/migrations.ts';
import type { LoggedProcess } from '../test/e2e/support/processes.ts';
import type { RingView, System } from '../test/e2e/support/system.ts';
import type { Fault, GenerationSeen, History, MigrationsSeen, OwnersSeen, RevisionSeen, Stall } from './history.ts';

const EVERY_MS = 250;
/** A stopped process answers nothing. */
const PATIENCE_MS = 1_000;
const TICK_MS = 50;
const STALL_MS = 500;

type RingHead = Pick<RingView, 'revision' | 'members'>;

/** Looks at every API and every gateway several times a second, and keeps what they say. */
export class Recorder {
  readonly faults: Fault[] = [];
  readonly #revisions: RevisionSeen[] = [];
  readonly #owners: OwnersSeen[] = [];
  readonly #generations: GenerationSeen[] = [];
  readonly #migrations = new Map<LoggedProcess, MigrationsSeen>();
  readonly #stalls: Stall[] = [];
  readonly #system: System;
  readonly #crowd: Crowd;
  readonly #pace: number;
  readonly #looking: Promise<void>[];
  readonly #ticker: NodeJS.Timeout;
  #members: RingView['members'] = [];
  #stopped = false;

  constructor(system: System, crowd: Crowd, pace: number) {
    this.#system = system;
    this.#crowd = crowd;
    this.#pace = pace;
    for (const { process, port } of system.gateways)
      this.#migrations.set(process, { at: performance.now(), port, since: 0, outcomes: {} });
    this.#looking = [
      ...system.controllers.map((_, index) => this.#repeat(() => this.#lookAtController(index))),
      ...system.gateways.map((_, index) => this.#repeat(() => this.#lookAtGateway(index))),
      this.#repeat(() => this.#lookAtOwners()),
    ];
    let last = performance.now();
    this.#ticker = setInterval(() => {
      const now = performance.now();
      if (now - last > STALL_MS) this.#stalls.push({ from: last, until: now });
      last = now;
    }, TICK_MS);
  }

  /** Of the last ring that was seen. */
  get members(): RingView['members'] {
    return this.#members;
  }

  history(): History {
    return {
      pace: this.#pace,
      faults: this.faults,
      revisions: this.#revisions,
      owners: this.#owners,
      generations: this.#generations,
      clients: this.#crowd.clients,
      migrations: [...this.#migrations.values()],
      stalls: this.#stalls,
    };
  }

  sawGeneration(source: string, answer: string, settled = false): void {
    const { metadata } = JSON.parse(answer) as { metadata: { generation: number } };
    this.#generations.push({ at: performance.now(), source, generation: metadata.generation, settled });
  }

  /** What is left of the spec in a store that was hit while no controller ran; 0: nothing. */
  sawLeft(generation: number): void {
    this.#generations.push({ at: performance.now(), source: 'store', generation, settled: false, isAll: true });
  }

  /** The API's answer about the cluster while nothing was broken. */
  sawSettled(answer: string): void {
    const { status } = JSON.parse(answer) as { status: { ring: Revision } };
    const { epoch, version } = status.ring;
    this.sawGeneration('API', answer, true);
    this.#revisions.push({ at: performance.now(), source: 'API', revision: { epoch, version }, settled: true });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#ticker);
    await Promise.all(this.#looking);
  }

  async #repeat(look: () => Promise<void>): Promise<void> {
    while (!this.#stopped) {
      // What is down or stopped says nothing.
      await look().catch(() => {});
      await delay(EVERY_MS);
    }
  }

  async #lookAtController(index: number): Promise<void> {
    const controller = this.#system.controllers[index];
    if (controller === undefined || controller.process.ended) return;
    const base = `http://127.0.0.1:${controller.apiPort}/api/v1/clusters/${this.#system.name}`;
    const name = `controller-${index + 1}`;
    // One that starts again may have nobody to ask for the newest ring.
    const source = `${name}, process ${controller.process.pid}`;
    const { revision } = JSON.parse(await ask(`${base}/ring`)) as RingHead;
    this.#revisions.push({ at: performance.now(), source, revision, settled: false });
    this.sawGeneration(name, await ask(base));
  }

  async #lookAtGateway(index: number): Promise<void> {
    const gateway = this.#system.gateways[index];
    if (gateway === undefined || gateway.process.ended) return;
    const { process, port } = gateway;
    // A gateway that starts again may start with an older ring.
    const source = `${gateway.id}, process ${process.pid}`;
    const at = performance.now();
    const seen = this.#migrations.get(process) ?? { at, port, since: at, outcomes: {} };
    this.#migrations.set(process, seen);
    const metrics = await ask(`http://127.0.0.1:${gateway.probes}/metrics`);
    this.#migrations.set(process, { ...seen, at, outcomes: migrationsIn(metrics) });
    const revision = { epoch: metric(metrics, 'epoch'), version: metric(metrics, 'version') } satisfies Revision;
    this.#revisions.push({ at: performance.now(), source, revision, settled: false });
  }

  /** The first answer of a controller, in order. */
  async #askAnyController(path: string): Promise<string> {
    for (const { apiPort, process } of this.#system.controllers) {
      if (process.ended) continue;
      const answer = await ask(`http://127.0.0.1:${apiPort}/api/v1/clusters/${this.#system.name}${path}`).catch(
        () => '',
      );
      if (answer !== '') return answer;
    }
    throw new Error('no controller answers');
  }

  async #lookAtOwners(): Promise<void> {
    const { table, members } = JSON.parse(await this.#askAnyController('/ring?slots=true')) as RingView;
    const owners = new Map<string, string>();
    for (const { key } of this.#crowd.clients) {
      const owner = members[table[slotOf(key)] ?? -1]?.nodeId;
      if (owner !== undefined) owners.set(key, owner);
    }
    this.#members = members.toSorted((a, b) => a.ringId - b.ringId);
    this.#owners.push({ at: performance.now(), owners });
  }
}

async function ask(url: string): Promise<string> {
  const answer = await Promise.race([http('GET', url), delay(PATIENCE_MS)]);
  // What was last known says itself that it may be older.
  if (answer === undefined || answer.status !== 200 || answer.headers['x-wscluster-known-at'] !== undefined)
    throw new Error(`${url} does not answer`);
  return answer.text;
}

function metric(metrics: string, name: string): number {
  const value = new RegExp(`^wscluster_gateway_ring_${name} (\\d+)$`, 'm').exec(metrics)?.[1];
  if (value === undefined) throw new Error(`no metric wscluster_gateway_ring_${name}`);
  return Number(value);
}
