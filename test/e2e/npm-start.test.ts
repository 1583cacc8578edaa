import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Client } from './support/client.ts';
import { http } from './support/http.ts';
import { freePorts, processesNaming } from './support/processes.ts';
import { until } from './support/wait.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

describe('npm start', () => {
  let directory: string;
  let ports: number[];
  let started: ChildProcess[];
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'wsc-start-'));
    // The probe ports follow one another, so they come from a range of their own.
    ports = await freePorts(3);
    started = [];
  });
  afterEach(async () => {
    for (const child of started)
      if (child.exitCode === null && child.signalCode === null) process.kill(-(child.pid ?? 0), 'SIGKILL');
    await until('nothing is left', () => processesNaming(directory).length === 0, 15_000);
    rmSync(directory, { recursive: true });
  });

  /** `npm start` as a shell runs it: in a process group of its own, which Ctrl-C reaches as a whole. */
  const npmStart = () => {
    const [api, first, second] = ports;
    const probes = 20_000 + (process.pid % 10_000);
    const args = [
      'start',
      '--',
      '--state-dir',
      join(directory, 'state'),
      '--api-port',
      `${api}`,
      '--gateway-ports',
      `${first},${second}`,
      '--probe-ports',
      `${probes}`,
    ];
    const child = spawn('npm', args, { cwd: root, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    started.push(child);
    let output = '';
    child.stdout?.on('data', (chunk) => {
      output += String(chunk);
    });
    child.stderr?.on('data', (chunk) => {
      output += String(chunk);
    });
    return { child, output: () => output, exit: once(child, 'exit') as Promise<[number | null, string | null]> };
  };
  const ctrlC = ({ child }: { child: ChildProcess }) => process.kill(-(child.pid ?? 0), 'SIGINT');

  /** npm itself ends by the signal of a Ctrl-C, after what it runs has ended. */
  const endsWell = async (run: ReturnType<typeof npmStart>) => {
    expect([
      [0, null],
      [null, 'SIGINT'],
    ]).toContainEqual(await run.exit);
    expect(run.output()).toContain('dev: stopped');
  };

  test('brings up the system, says what to try, and Ctrl-C stops all of it and leaves nothing', async () => {
    const run = npmStart();
    await until('the system is up', () => run.output().includes('wscluster is up'), 60_000);
    const [api, first, second] = ports;
    const client = new Client('alice', [`ws://127.0.0.1:${first}/websocket/connect/alice`]);
    await until('a client is connected', () => client.connected);
    expect(run.output()).toContain(`dashboard  http://127.0.0.1:${api}`);
    expect((await http('GET', `http://127.0.0.1:${api}/`)).text).toContain('<title>wscluster</title>');
    const owner = JSON.parse((await http('GET', `http://127.0.0.1:${api}/api/v1/owner?key=alice`)).text) as {
      nodeId: string;
    };
    expect(client.node).toBe(owner.nodeId);
    const sent = await http('POST', `http://127.0.0.1:${second}/websocket/send?userId=alice`, 'hello');
    expect(sent).toMatchObject({ status: 200 });
    await until('the message has arrived', () => client.pushed.includes('hello'));
    for (const port of [first, second]) expect(run.output()).toContain(`ws://127.0.0.1:${port}/websocket/connect/`);
    expect(run.output()).toContain(`http://127.0.0.1:${api}/api/v1/clusters`);
    expect(run.output()).not.toMatch(/^\{/m);
    client.stop();

    ctrlC(run);
    await endsWell(run);
    expect(processesNaming(directory)).toEqual([]);
    for (const port of ports) await expect(http('GET', `http://127.0.0.1:${port}/`)).rejects.toThrow('ECONNREFUSED');
  });

  test('started again, it goes on with the nodes that were added', async () => {
    const [api] = ports;
    const replicas = async () =>
      (
        JSON.parse((await http('GET', `http://127.0.0.1:${api}/api/v1/clusters/chat`)).text) as {
          spec: { nodes: { replicas: number } };
        }
      ).spec.nodes.replicas;
    const once = npmStart();
    await until('the system is up', () => once.output().includes('wscluster is up'), 60_000);
    await http('POST', `http://127.0.0.1:${api}/api/v1/nodes`);
    ctrlC(once);
    await once.exit;
    const again = npmStart();
    await until('the system is up again', () => again.output().includes('wscluster is up'), 60_000);
    expect(await replicas()).toBe(4);
    ctrlC(again);
    await endsWell(again);
  });

  test.each([0, 1])('a taken port is a clear error, and nothing is left running (%i)', async (index) => {
    const other = createServer((socket) => socket.destroy()).listen(ports[index], '127.0.0.1');
    await once(other, 'listening');
    try {
      const run = npmStart();
      const [code] = await run.exit;
      expect(code).not.toBe(0);
      expect(run.output()).toContain(
        `another process listens on 127.0.0.1:${ports[index]}; stop it or choose another port`,
      );
      expect(run.output()).not.toContain('wscluster is up');
      expect(processesNaming(directory)).toEqual([]);
    } finally {
      await once(other.close(), 'close');
    }
  });

  test('Ctrl-C right after the controller was killed leaves no node behind', async () => {
    const run = npmStart();
    await until('the system is up', () => run.output().includes('wscluster is up'), 60_000);
    const controller = processesNaming(directory).find(({ command }) => command.includes('controller/src/main.ts'));
    process.kill(controller?.pid ?? 0, 'SIGKILL');
    await until('its end was noticed', () => run.output().includes('controller ended (SIGKILL)'));
    ctrlC(run);
    await endsWell(run);
    expect(processesNaming(directory)).toEqual([]);
  });

  test('killed hard, it takes its parts along', async () => {
    const run = npmStart();
    await until('the system is up', () => run.output().includes('wscluster is up'), 60_000);
    const launcher = processesNaming(directory).find(
      ({ command }) => command.includes('cli/src/main.ts') && !command.includes('run.mjs'),
    );
    process.kill(launcher?.pid ?? 0, 'SIGKILL');
    await until('nothing is left', () => processesNaming(directory).length === 0, 15_000);
  });
});
