import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WorkloadSource } from '@wscluster/controller';
import { type LocalSourceOptions, openLocalSource } from '@wscluster/controller/adapters/local';
import { createLogger } from '@wscluster/service';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { http } from '../e2e/support/http.ts';
import { processesNaming } from '../e2e/support/processes.ts';
import { until } from '../e2e/support/wait.ts';

type Settings = ReturnType<LocalSourceOptions['settings']>;
interface Line {
  readonly event: string;
  readonly node: string;
  readonly msg: string;
  readonly action?: string;
}

describe('any program as a local node', () => {
  let directory: string;
  let source: WorkloadSource;
  let lines: Line[];
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'wsc-programs-'));
    mkdirSync(join(directory, 'nodes'));
    lines = [];
  });
  afterEach(async () => {
    await source.endAll();
    await source.close();
    expect(processesNaming(directory)).toEqual([]);
    rmSync(directory, { recursive: true });
  });

  const open = (settings: Omit<Settings, 'drainSeconds'>) => {
    const log = createLogger('test', {}, { write: (line) => lines.push(JSON.parse(line) as Line) });
    source = openLocalSource(
      {
        directory: join(directory, 'nodes'),
        settings: () => ({ drainSeconds: 0, workingDirectory: directory, ...settings }),
        sampleCommand: [],
        log,
      },
      { onChange: () => {} },
    );
  };
  const script = (text: string, file = 'server.cjs') => {
    writeFileSync(join(directory, file), text);
    return file;
  };
  const find = async (id: string) => (await source.list()).find((workload) => workload.id === id);
  const started = async () => {
    const id = await source.create();
    await until('it is ready', async () => (await find(id))?.phase === 'ready', 20_000);
    return (await find(id))?.address ?? '';
  };
  const said = (event: string) => lines.filter((line) => line.event === event);
  const output = () => said('node-output').map(({ msg }) => msg);

  /** What a client of an echo server gets back. */
  const echoed = async (address: string, text: string) => {
    const socket = new WebSocket(`ws://${address}/any/path`);
    await once(socket, 'open');
    socket.send(text);
    const [data] = (await once(socket, 'message')) as [Buffer];
    socket.terminate();
    return String(data);
  };

  test('an unmodified ws server that reads PORT is ready by the 426 that it answers', async () => {
    const ws = JSON.stringify(import.meta.resolve('ws').replace('file://', ''));
    script(`
      const { WebSocketServer } = require(${ws});
      const server = new WebSocketServer({ port: Number(process.env.PORT) });
      server.on('connection', (socket) => socket.on('message', (data) => socket.send(data)));`);
    open({ command: [process.execPath, './server.cjs'] });
    const addresses = [await started(), await started()];
    for (const address of addresses) expect(await echoed(address, 'hello')).toBe('hello');
    expect(new Set(addresses).size).toBe(2);
    expect(said('node-ready-by-tcp')).toEqual([]);
  });

  test('a program of a shell gets its port as an argument', async () => {
    script(`require('node:http').createServer((req, res) => res.end('by argument')).listen(process.argv[2])`);
    open({ command: ['sh', '-c', `"${process.execPath}" server.cjs {port}; exit`] });
    expect((await http('GET', `http://${await started()}/`)).text).toBe('by argument');
  });

  test('a server that knows no plain HTTP is ready because it accepts connections, which is said once', async () => {
    script(`
      require('node:net').createServer((socket) => socket.on('error', () => {}).on('data', () => {}))
        .listen(process.env.LISTEN_ON);`);
    open({ command: [process.execPath, 'server.cjs'], env: { LISTEN_ON: '{port}' } });
    await started();
    await until(
      'it has been asked again',
      async () => (await find(said('node-ready-by-tcp')[0]?.node ?? '')) !== undefined,
    );
    expect(said('node-ready-by-tcp')).toHaveLength(1);
  });

  test('a server that has answered HTTP and hangs is not ready for the next controller either', async () => {
    script(`require('node:http').createServer((req, res) => res.end()).listen(process.env.PORT)`);
    const settings = { command: [process.execPath, 'server.cjs'] };
    open(settings);
    await started();
    const id = said('node-ready')[0]?.node ?? '';
    const { pid } = JSON.parse(readFileSync(join(directory, 'nodes', `${id}.json`), 'utf8')) as { pid: number };
    await source.close();
    process.kill(pid, 'SIGSTOP');
    open(settings);
    await until('that is told', () => said('node-not-ready').length > 0, 30_000);
    expect(said('node-not-ready')[0]?.msg).toContain('/readyz: no answer within 1000 ms');
    expect([(await find(id))?.phase, said('node-ready-by-tcp')]).toEqual(['starting', []]);
    process.kill(pid, 'SIGCONT');
    await until('it is ready again', async () => (await find(id))?.phase === 'ready', 20_000);
  });

  test('a server that listens late, on ::1 only, is ready once it does', async () => {
    script(`
      const server = require('node:http').createServer((req, res) => res.end('late'));
      setTimeout(() => server.listen(process.env.PORT, '::1'), 1000);`);
    open({ command: [process.execPath, 'server.cjs'] });
    const address = await started();
    expect(address).toMatch(/^\[::1\]:\d+$/);
    expect((await http('GET', `http://${address}/`)).text).toBe('late');
  });

  test('a program is found from the working directory, and told by name when it is not', async () => {
    const bin = join(directory, 'bin');
    mkdirSync(bin);
    writeFileSync(
      join(bin, 'serve'),
      `#!${process.execPath}\nrequire('node:http').createServer((req, res) => res.end(process.cwd())).listen(process.env.PORT)`,
      { mode: 0o755 },
    );
    open({ command: ['./serve'], workingDirectory: bin });
    expect((await http('GET', `http://${await started()}/`)).text).toBe(bin);
    await source.endAll();
    await source.close();
    open({ command: ['./nothing'], workingDirectory: bin });
    await expect(source.create()).rejects.toThrow(/\.\/nothing cannot be started: .*ENOENT.*see spec\.nodes\.command/);
    await source.close();
    open({ command: ['node'], workingDirectory: join(directory, 'nowhere') });
    await expect(source.create()).rejects.toThrow(/its working directory .*nowhere is no folder/);
  });

  test('a program that listens elsewhere is told after 5 s, with what failed and where it listens instead, and ended at last', async () => {
    script(
      `require('node:http').createServer(() => {}).listen(0, '127.0.0.1', function () { console.log(this.address().port) })`,
    );
    open({ command: [process.execPath, 'server.cjs'], startSeconds: 7 });
    const id = await source.create();
    await until('that is told', () => said('node-not-ready').length > 0, 30_000);
    const [port] = output();
    expect(said('node-not-ready')[0]).toMatchObject({
      node: id,
      msg: expect.stringMatching(
        /has been running for 5 s and is not ready: GET http:\/\/127\.0\.0\.1:2\d{4}\/readyz: .*ECONNREFUSED/,
      ),
      action: expect.stringMatching(new RegExp(`PORT.*\\{port\\}.*it listens on ${port} instead`)),
    });
    await until('it has ended', async () => (await find(id))?.phase === 'gone', 30_000);
    expect(said('node-start-failed')[0]?.msg).toMatch(/did not become ready within 7 s and is ended: GET http/);
    expect(said('node-not-ready')).toHaveLength(1);
  });

  test('a probe that gets the wrong answer is told with the answer', async () => {
    script(`require('node:http').createServer((req, res) => res.writeHead(500).end()).listen(process.env.PORT)`);
    open({ command: [process.execPath, 'server.cjs'], readiness: { http: { path: '/up', below: 400 } } });
    await source.create();
    await until('that is told', () => said('node-not-ready').length > 0, 30_000);
    expect(said('node-not-ready')[0]?.msg).toMatch(/GET http:\/\/127\.0\.0\.1:\d+\/up answers 500$/);
  });

  test('a node whose port an older process has taken is ended: the stranger is not taken for it', async () => {
    // It runs before the node, and listens once the node, which never does, has told its port.
    const stranger = spawn(
      process.execPath,
      [
        '-e',
        `process.stdin.once('data', (port) =>
          require('node:http').createServer((req, res) => res.end('stranger')).listen(Number(port), '127.0.0.1'))`,
      ],
      { stdio: ['pipe', 'inherit', 'inherit'] },
    );
    try {
      script(`require('node:fs').writeFileSync('port', process.env.PORT); setInterval(() => {}, 1000)`);
      open({ command: [process.execPath, 'server.cjs'] });
      const id = await source.create();
      let port = '';
      await until('it has told its port', () => {
        try {
          port = readFileSync(join(directory, 'port'), 'utf8');
        } catch {}
        return port !== '';
      });
      stranger.stdin.write(port);
      await until('it has ended', async () => (await find(id))?.phase === 'gone', 20_000);
      expect(said('node-port-taken')[0]?.msg).toContain(
        `process ${stranger.pid}, which is no part of it, listens on its port ${port}`,
      );
      expect(said('node-ready')).toEqual([]);
    } finally {
      stranger.kill('SIGKILL');
    }
  });

  test('what a node writes is in the log with its name, to its last word', async () => {
    script(`console.log('out'); console.error('a warning'); process.stdout.write('\\nno newline')`);
    open({ command: [process.execPath, 'server.cjs'] });
    const id = await source.create();
    await until('it has ended', async () => (await find(id))?.phase === 'gone', 20_000);
    expect(output()).toEqual(['out', 'a warning', 'no newline']);
    expect(said('node-output').every(({ node }) => node === id)).toBe(true);
    const events = lines.map(({ event }) => event);
    expect(events.lastIndexOf('node-output')).toBeLessThan(events.indexOf('node-gone'));
  });

  test('a node that writes without end floods neither the log nor the disk, and goes on when nobody reads it', async () => {
    script(`
      const line = 'x'.repeat(99) + '\\n';
      require('node:http').createServer((req, res) => res.end()).listen(process.env.PORT);
      setInterval(() => process.stdout.write(line.repeat(2000)), 20);`);
    open({ command: [process.execPath, 'server.cjs'] });
    await started();
    const file = join(directory, 'nodes', `${said('node-started')[0]?.node}.log`);
    await until('what is left out is told', () => said('node-output-left-out').length > 0, 20_000);
    let peak = 0;
    let emptied = false;
    await until(
      'the file has been emptied',
      () => {
        const { length } = readFileSync(file);
        emptied ||= length < peak;
        peak = Math.max(peak, length);
        return emptied;
      },
      30_000,
    );
    expect(output().length).toBeLessThan(1000);
    const [before] = await source.list();
    await source.close();
    open({ command: [process.execPath, 'server.cjs'] });
    await until('the next controller finds it ready', async () => (await source.list())[0]?.phase === 'ready', 20_000);
    expect((await source.list())[0]?.address).toBe(before?.address);
  });
});
