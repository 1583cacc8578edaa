import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { type Client, connectClient } from './testing/client.ts';
import { type EchoNode, startEchoNode } from './testing/echo-node.ts';
import { eventually } from './testing/eventually.ts';
import { CLUSTER, revision, ringMessage, ringOf } from './testing/rings.ts';

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

interface GatewayProcess {
  readonly child: ChildProcess;
  readonly exited: Promise<unknown[]>;
  readonly port: number;
  readonly lines: Record<string, unknown>[];
  /** Replaces the file of options and tells the process; resolves with the line that it logs then. */
  reload(options: string, event: string): Promise<Record<string, unknown>>;
}

/** A gateway as a process of its own, with a ring in its store and this file of options. */
async function startProcess(node: EchoNode, options: string): Promise<GatewayProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'gateway-reload-'));
  stops.push(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, CLUSTER));
  writeFileSync(join(folder, CLUSTER, 'ring.json'), JSON.stringify(ringMessage(ringOf(revision(1), [node]))));
  const file = join(folder, 'gateway.yaml');
  writeFileSync(file, options);
  const main = fileURLToPath(new URL('main.ts', import.meta.url));
  const args = ['--cluster', CLUSTER, '--state-dir', folder, '--config', file, '--probes', '127.0.0.1:0'];
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  stops.push(() => {
    child.kill('SIGKILL');
    return exited;
  });
  const lines: Record<string, unknown>[] = [];
  let rest = '';
  child.stdout.on('data', (chunk: Buffer) => {
    const whole = (rest + String(chunk)).split('\n');
    rest = whole.pop() ?? '';
    lines.push(...whole.map((line) => JSON.parse(line) as Record<string, unknown>));
  });
  const line = (event: string, from: number) => lines.slice(from).find((entry) => entry.event === event);
  await eventually('it listens', () => line('listening', 0) !== undefined);
  return {
    child,
    exited,
    port: Number(line('listening', 0)?.port),
    lines,
    async reload(changed, event) {
      const from = lines.length;
      writeFileSync(file, changed);
      child.kill('SIGHUP');
      await eventually(`the line ${event}`, () => line(event, from) !== undefined);
      return line(event, from) ?? {};
    },
  };
}

async function echoes(client: Client, text: string): Promise<void> {
  client.socket.send(text);
  await eventually(`the echo of ${text}`, () => client.messages.includes(text));
}

describe('SIGHUP', () => {
  it('changes what can change and says what cannot, and connections stay', async () => {
    const node = await startEchoNode('a');
    stops.push(() => node.stop());
    const listen = 'listen: 127.0.0.1:0\n';
    const gateway = await startProcess(node, `${listen}drainSeconds: 600\n`);
    const client = await connectClient(gateway.port);

    const restart = gateway.reload(`${listen}drainSeconds: 0\nlogLevel: debug\nadvertise: a:1\n`, 'restart-needed');
    expect(await restart).toMatchObject({ level: 'warn', options: ['advertise'], action: expect.any(String) });
    const reloaded = gateway.lines.find(({ event }) => event === 'reloaded');
    expect(reloaded).toMatchObject({ changed: ['drainSeconds', 'logLevel'] });
    await echoes(client, 'after the reload');
    const second = await connectClient(gateway.port, 'bob');
    await eventually('a line at debug', () => gateway.lines.some(({ level }) => level === 'debug'));

    const failed = gateway.reload('drainSeconds: soon\n', 'reload-failed');
    expect(await failed).toMatchObject({ level: 'error', action: expect.any(String) });
    await echoes(client, 'after the failed one');

    // The drain of 0 s holds, not the one of 600 s that it was started with.
    gateway.child.kill('SIGTERM');
    expect(await gateway.exited).toEqual([0, null]);
    await eventually('both are told', () => client.closed !== undefined && second.closed !== undefined);
    expect([client.closed?.code, second.closed?.code]).toEqual([1001, 1001]);
  });
});
