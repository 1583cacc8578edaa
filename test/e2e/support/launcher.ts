import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { portBlock } from '@wscluster/testbed/ports';
import { afterEach, beforeEach, expect } from 'vitest';
import { processesNaming } from './processes.ts';
import { Command } from './run.ts';
import { until } from './wait.ts';

export interface LauncherPorts {
  readonly api: number;
  readonly gateways: readonly [number, number];
  /** Of the controller; those of the gateways follow. */
  readonly probes: number;
}

export async function launcherPorts(): Promise<LauncherPorts> {
  const base = await portBlock(6);
  return { api: base, gateways: [base + 1, base + 2], probes: base + 3 };
}

/** What differs from the defaults of a cluster file. */
export interface Declared {
  readonly routes?: readonly object[];
  readonly command?: readonly string[];
}

export const portFlags = ({ api, gateways, probes }: LauncherPorts) => [
  ...['--api-port', `${api}`, '--gateway-ports', `${gateways}`, '--probe-ports', `${probes}`],
];

/** `npm start`, in a folder and on ports of one test's own. */
export class Launcher {
  readonly directory = mkdtempSync(join(tmpdir(), 'wsc-start-'));
  readonly state = join(this.directory, 'state');
  readonly ports: LauncherPorts;
  readonly #started: Command[] = [];

  constructor(ports: LauncherPorts) {
    this.ports = ports;
  }

  get flags(): string[] {
    return ['--state-dir', this.state, ...portFlags(this.ports)];
  }

  /** As a shell runs it: in a process group of its own, which Ctrl-C reaches as a whole. */
  npmStart(): Command {
    return this.run('npm', ['start', '--', ...this.flags]);
  }

  /**
   * What `npm start` runs, without npm, for a cluster of one node. Of a flag that is given twice the last one counts.
   */
  dev(more: readonly string[] = [], declared: Declared = {}): Command {
    const cluster = ['--cluster', this.clusterFile(declared)];
    return this.run(process.execPath, ['cli/wscluster.mjs', 'dev', ...cluster, ...this.flags, ...more]);
  }

  /** Any command; `input` as with Command. */
  run(program: string, args: readonly string[], env: Record<string, string> = {}, input?: string): Command {
    const command = new Command(program, args, { TMPDIR: this.directory, ...env }, input);
    this.#started.push(command);
    return command;
  }

  /** Writes the file of a cluster of one node, `chat`. */
  clusterFile({ routes, command }: Declared = {}): string {
    const file = join(this.directory, 'chat.yaml');
    const spec = { nodes: { replicas: 1, command }, routing: { routes } };
    const cluster = { apiVersion: 'wscluster.io/v1alpha1', kind: 'WsCluster', metadata: { name: 'chat' }, spec };
    writeFileSync(file, JSON.stringify(cluster));
    return file;
  }

  /** The process id of what runs a program of ours. */
  pidOf(program: 'cli/src/main.ts' | 'controller/src/main.ts'): number {
    const found = this.running().find(({ command }) => command.includes(program) && !command.includes('run.mjs'));
    if (found === undefined) throw new Error(`there is no process of ${program}`);
    return found.pid;
  }

  /** Process ids of the nodes that run. */
  nodePids(): number[] {
    const records = join(this.state, 'chat', 'nodes');
    const running = new Set(this.running().map(({ pid }) => pid));
    return readdirSync(records)
      .filter((file) => file.endsWith('.json'))
      .map((file) => (JSON.parse(readFileSync(join(records, file), 'utf8')) as { pid: number }).pid)
      .filter((pid) => running.has(pid));
  }

  running(): { pid: number; command: string }[] {
    return processesNaming(this.directory);
  }

  /** Ends all that it has started, and fails when something is left. */
  async close(): Promise<void> {
    for (const command of this.#started) command.signal('SIGKILL');
    await until('nothing is left', () => this.running().length === 0, 15_000);
    rmSync(this.directory, { recursive: true });
  }
}

/** A launcher for each test of a file. */
export function useLauncher(): () => Launcher {
  let launcher: Launcher | undefined;
  beforeEach(async () => {
    launcher = new Launcher(await launcherPorts());
  });
  afterEach(async () => {
    await launcher?.close();
    launcher = undefined;
  });
  return () => {
    if (launcher === undefined) throw new Error('there is a launcher only within a test');
    return launcher;
  };
}

export const isUp = (run: Command) => run.stdout.includes('wscluster is up');

export const up = (run: Command) => until('the system is up', () => isUp(run), 60_000);

/** Ctrl-C. npm itself ends by the signal, after what it runs has ended. */
export async function endsWell(run: Command): Promise<void> {
  run.signal('SIGINT');
  const { code, stdout } = await run.ended;
  expect([0, 'SIGINT']).toContain(code);
  expect(stdout).toContain('dev: stopped');
}

/** It ends by itself, with the reason, before it has started anything. */
export async function isRefused(run: Command, why: RegExp | string): Promise<void> {
  const { code, stdout } = await run.ended;
  expect(stdout).toMatch(why);
  expect(stdout).not.toMatch(/listens on port|wscluster is up/);
  expect(code).toBe(2);
}
