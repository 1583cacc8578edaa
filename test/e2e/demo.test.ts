import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePorts } from '@wscluster/testbed/ports';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { processesNaming } from './support/processes.ts';
import { Command } from './support/run.ts';
import { System } from './support/system.ts';
import { until } from './support/wait.ts';

const SUMMARY = /^(\d+) clients?, (\d+) changes?, (\d+) moves?, (\d+) messages? echoed: (\d+) lost, (\d+) wrong$/m;

describe('npm run demo', () => {
  let directory: string;
  let started: Command[];
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'wsc-demo-'));
    started = [];
  });
  afterEach(async () => {
    for (const command of started) command.signal('SIGKILL');
    await until('nothing is left', () => processesNaming(directory).length === 0, 15_000);
    rmSync(directory, { recursive: true });
  });

  /** Its temporary files, and so all its processes, are known by the folder of this test. */
  const demo = (...args: string[]) => {
    const command = new Command('npm', ['run', '-s', 'demo', '--', ...args], { TMPDIR: directory });
    started.push(command);
    return command;
  };
  /** npm keeps a cache of its own beside temporary files. */
  const leftFiles = () => readdirSync(directory).filter((name) => name !== 'node-compile-cache');
  const summaryOf = (text: string) => {
    const [clients, changes, moves, echoed, lost, wrong] = (SUMMARY.exec(text) ?? []).slice(1).map(Number);
    return { clients, changes, moves, echoed, lost, wrong };
  };

  test('nodes added, drained and killed by a script move clients and lose nothing, and nothing is left behind', async () => {
    const { code, stdout, stderr } = await demo('--clients', '100', '--script', 'wait 1; add; drain; kill; wait 1')
      .ended;
    expect(stderr).toBe('');
    expect(stdout).toMatch(/starting a cluster; its log: .*demo\.log/);
    expect(stdout).toContain('100 clients are connected, over 2 gateways');
    for (const done of ['added', 'drained', 'killed'])
      expect(stdout).toMatch(
        new RegExp(`${done} node-\\w+: [1-9]\\d* clients? moved, the last was back after \\d+\\.\\d\\d s`),
      );
    const { echoed, moves, ...rest } = summaryOf(stdout);
    expect(rest).toEqual({ clients: 100, changes: 3, lost: 0, wrong: 0 });
    expect(moves).toBeGreaterThan(50);
    expect(echoed).toBeGreaterThan(100);
    expect(code).toBe(0);
    expect(processesNaming(directory)).toEqual([]);
    expect(leftFiles()).toEqual([]);
  });

  test('Ctrl-C ends it well: the summary, and nothing left', async () => {
    const run = demo('--clients', '20');
    await until('the clients are connected', () => run.stdout.includes('20 clients are connected'), 60_000);
    run.signal('SIGINT');
    const { stdout } = await run.ended;
    expect(summaryOf(stdout)).toMatchObject({ clients: 20, lost: 0, wrong: 0 });
    await until('its processes are gone', () => processesNaming(directory).length === 0, 15_000);
    expect(leftFiles()).toEqual([]);
  });

  test('killed hard, it takes its cluster along', async () => {
    const run = demo('--clients', '20');
    await until('the clients are connected', () => run.stdout.includes('20 clients are connected'), 60_000);
    run.signal('SIGKILL');
    await run.ended;
    await until('its processes are gone', () => processesNaming(directory).length === 0, 20_000);
  });

  describe('with a running cluster', () => {
    let system: System | undefined;
    afterEach(() => system?.stop());

    const against = async (options: Parameters<typeof System.start>[0], ...args: string[]) => {
      system = await System.start(options);
      return demo('--clients', '50', '--api', `http://127.0.0.1:${system.apiPort}`, ...args);
    };

    test('it connects through the named gateways, measures what others change, and leaves the cluster alone', async () => {
      const run = await against({ nodes: 2, gateways: 2 });
      await until('the clients are connected', () => run.stdout.includes('50 clients are connected, over 2 gateways'));
      const added = await system?.addNode();
      await until(
        'the change is through',
        () => /a change from outside: [1-9]\d* clients? moved/.test(run.stdout),
        30_000,
      );
      // Gateways report each second who is connected.
      await until(
        'the new node has connections',
        async () => ((await system?.nodes())?.find(({ id }) => id === added)?.connections ?? 0) > 0,
      );
      run.signal('SIGINT');
      const { stdout } = await run.ended;
      expect(summaryOf(stdout)).toMatchObject({ clients: 50, changes: 1, lost: 0, wrong: 0 });
      await until('its clients are gone', async () =>
        ((await system?.nodes()) ?? []).every(({ connections }) => connections === 0),
      );
      await system?.settled(3);
    });

    const badNode = (fault: string) => [
      process.execPath,
      fileURLToPath(new URL('./support/bad-node.ts', import.meta.url)),
      fault,
    ];

    test('a backend that swallows messages is found out: lost messages, exit code 1', async () => {
      const run = await against({ nodes: 1, gateways: 1, command: badNode('forgetful') }, '--seconds', '8');
      const { code, stdout } = await run.ended;
      expect(summaryOf(stdout).lost).toBeGreaterThan(0);
      expect(summaryOf(stdout).wrong).toBe(0);
      expect(code).toBe(1);
    });

    test('clients on another node than the owner are found out: wrong clients, exit code 1', async () => {
      const run = await against({ nodes: 1, gateways: 1, command: badNode('lying') }, '--seconds', '15');
      const { code, stdout } = await run.ended;
      expect(summaryOf(stdout)).toMatchObject({ lost: 0, wrong: 50 });
      expect(code).toBe(1);
    });

    test('a backend that neither greets nor echoes is watched as far as it can be', async () => {
      const ws = JSON.stringify(import.meta.resolve('ws').replace('file://', ''));
      const server = `new (require(${ws}).WebSocketServer)({ port: process.env.PORT })`;
      const command = [process.execPath, '-e', server];
      const run = await against({ nodes: 2, gateways: 1, command }, '--script', 'add; kill');
      const { code, stdout } = await run.ended;
      expect(stdout).toContain('the nodes do not greet as the sample backend does');
      const moved = [...stdout.matchAll(/(?:added|killed) node-\w+: (\d+) clients? moved/g)].map(([, count]) =>
        Number(count),
      );
      expect(moved).toHaveLength(2);
      for (const count of moved) expect(count > 0 && count <= 50).toBe(true);
      expect(stdout).toMatch(/^50 clients, 2 changes, \d+ moves?; messages and owners were not checked$/m);
      expect(code).toBe(0);
    });

    test('clients that cannot connect are a failure, with the reason', async () => {
      const run = await against({ nodes: 1, gateways: 1 }, '--path', '/nowhere/{key}', '--seconds', '15');
      const { code, stdout } = await run.ended;
      expect(stdout).toContain(
        '50 of 50 clients could not connect: Unexpected server response: 404; --path (/nowhere/{key}) names',
      );
      expect(code).toBe(1);
    });

    test('a change that the cluster refuses fails the script, with the reason', async () => {
      const run = await against({ nodes: 1, gateways: 1 }, '--script', 'drain');
      const { code, stdout } = await run.ended;
      expect(stdout).toContain('drain: the last node is not drained');
      expect(code).toBe(1);
    });
  });

  test.each([
    [['--clients', 'many'], '--clients: must be a number from 1 to 20000, not "many"'],
    [['--clients', '1.5'], '--clients: must be a whole number'],
    [['--script', 'add; explode'], '--script: "explode" is no step'],
    [['--gateways', '127.0.0.1:7000'], '--gateways: needs --api too'],
    [['--path', '/nowhere'], '--path: must begin with / and have {key}'],
    [['--size', '5'], "Unknown option '--size'"],
  ])('%j is wrong usage: exit code 2 and what is allowed', async (args, message) => {
    const { code, stderr } = await demo(...args).ended;
    expect(stderr).toContain(message);
    expect(code).toBe(2);
  });

  test('a cluster that does not answer is exit code 3', async () => {
    const [port] = await freePorts(1);
    const { code, stderr } = await demo('--api', `127.0.0.1:${port}`).ended;
    expect(stderr).toContain(`the API at http://127.0.0.1:${port} cannot be reached (ECONNREFUSED)`);
    expect(code).toBe(3);
  });
});
