import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { WorkloadSource } from '@wscluster/controller';
import { openLocalSource } from '@wscluster/controller/adapters/local';
import { createLogger, silentLogger } from '@wscluster/service';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { http } from '../e2e/support/http.ts';
import { processesNaming } from '../e2e/support/processes.ts';
import { until } from '../e2e/support/wait.ts';
import { workloadSourceContract } from './workload-source.ts';

const hungDisk = fileURLToPath(new URL('support/hung-disk-source.ts', import.meta.url));

workloadSourceContract('local processes', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'wsc-source-'));
  // Kept here: the source removes the record of a node that it knows has ended.
  const pids = new Map<string, number>();
  const signal = (id: string, name: NodeJS.Signals) => {
    const pid = pids.get(id);
    if (pid === undefined) throw new Error(`no process of node ${id}`);
    process.kill(pid, name);
  };
  return {
    async open(handlers) {
      const source = openLocalSource(
        {
          directory,
          settings: () => ({ drainSeconds: 5, command: undefined }),
          sampleCommand: [process.execPath, fileURLToPath(new URL('../../ws-node/src/main.ts', import.meta.url))],
          log: silentLogger,
        },
        handlers,
      );
      return {
        list: () => source.list(),
        drain: (id) => source.drain(id),
        stop: (id) => source.stop(id),
        kill: (id) => source.kill(id),
        endAll: () => source.endAll(),
        close: () => source.close(),
        async create() {
          const id = await source.create();
          pids.set(id, (JSON.parse(readFileSync(join(directory, `${id}.json`), 'utf8')) as { pid: number }).pid);
          return id;
        },
      };
    },
    crash: async (id) => signal(id, 'SIGKILL'),
    terminate: async (id) => signal(id, 'SIGTERM'),
    freeze: async (id) => signal(id, 'SIGSTOP'),
    thaw: async (id) => signal(id, 'SIGCONT'),
    async dispose() {
      expect(processesNaming(directory)).toEqual([]);
      rmSync(directory, { recursive: true });
    },
  };
});

describe('local processes, as only they can be', () => {
  let directory: string;
  let source: WorkloadSource;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'wsc-source-'));
  });
  afterEach(async () => {
    await source.endAll();
    await source.close();
    expect(processesNaming(directory)).toEqual([]);
    rmSync(directory, { recursive: true });
  });
  /** Draining once there is a file beside its port file. */
  const server = `
    const { existsSync, writeFileSync } = require('node:fs');
    const file = process.env.WSCLUSTER_PORT_FILE;
    const server = require('node:http').createServer((req, res) =>
      existsSync(file + '.draining') ? res.writeHead(503).end('draining') : res.end('ok'));
    server.listen(0, '127.0.0.1', () => writeFileSync(file, '127.0.0.1:' + server.address().port));`;
  const openServer = (write?: (line: string) => void) => open(server, write);
  const open = (script: string, write: (line: string) => void = () => {}) => {
    const command = [process.execPath, '-e', script];
    const settings = () => ({ drainSeconds: 0, command });
    const log = createLogger('test', {}, { write });
    source = openLocalSource({ directory, settings, sampleCommand: [], log }, { onChange: () => {} });
  };
  const phaseOf = async (id: string) => (await source.list()).find((workload) => workload.id === id)?.phase;

  test('a process that has the pid of a dead node is neither taken for it nor signalled', async () => {
    const stranger = spawn('sleep', ['600'], { stdio: 'ignore' });
    try {
      const record = { id: 'node-dead', pid: stranger.pid, identity: 'start-1' };
      writeFileSync(join(directory, 'node-dead.json'), JSON.stringify(record));
      open('');
      expect(await phaseOf('node-dead')).toBe('gone');
      await expect(source.kill('node-dead')).rejects.toMatchObject({ code: 'NOT_FOUND' });
      await source.endAll();
      expect(stranger.exitCode ?? stranger.signalCode).toBeNull();
    } finally {
      stranger.kill('SIGKILL');
    }
  });

  test('a node that does not end when asked to is ended by force after its drain time', async () => {
    open(
      "process.on('SIGTERM', () => {}); require('fs').writeFileSync(process.env.WSCLUSTER_PORT_FILE + '.up', ''); setInterval(() => {}, 1000)",
    );
    const id = await source.create();
    await until('the node handles signals', () => existsSync(join(directory, `${id}.port.up`)));
    await source.stop(id);
    await until('it is gone', async () => (await phaseOf(id)) === 'gone', 15_000);
  });

  test.each([':8080', '127.0.0.1:99999', '127.0.0.1:80/x', 'nonsense'])(
    'a node that announces %j never becomes ready, and harms nobody',
    async (text) => {
      open(
        `require('fs').writeFileSync(process.env.WSCLUSTER_PORT_FILE, ${JSON.stringify(text)}); setInterval(() => {}, 1000)`,
      );
      const id = await source.create();
      await until('it has announced its address', () => existsSync(join(directory, `${id}.port`)));
      await source.close();
      open('');
      expect(await source.list()).toMatchObject([{ id, phase: 'starting', address: undefined }]);
    },
  );

  describe('a node whose command starts a server and waits for it, as npm start does', () => {
    const server = `
      const { createServer } = require('node:http');
      process.on('SIGTERM', () => {});
      const server = createServer((req, res) => res.end('ok')).listen(0, '127.0.0.1', () =>
        require('fs').writeFileSync(process.env.WSCLUSTER_PORT_FILE, '127.0.0.1:' + server.address().port));`;
    /** A shell that ends at SIGTERM, and a server in it that nothing but force ends. */
    const openWrapped = () => {
      const command = ['sh', '-c', '"$0" -e "$1"; true', process.execPath, server];
      const settings = () => ({ drainSeconds: 0, command });
      source = openLocalSource({ directory, settings, sampleCommand: [], log: silentLogger }, { onChange: () => {} });
    };
    const createReady = async () => {
      const id = await source.create();
      await until('the server answers', async () => (await phaseOf(id)) === 'ready');
      expect(processesNaming(directory)).toHaveLength(2);
      return id;
    };
    const nothingRuns = () => until('nothing of it runs', () => processesNaming(directory).length === 0);
    const pidOf = (id: string) =>
      (JSON.parse(readFileSync(join(directory, `${id}.json`), 'utf8')) as { pid: number }).pid;

    test('is killed with its server', async () => {
      openWrapped();
      await source.kill(await createReady());
      await nothingRuns();
    });

    test('that has drained stops with its server, by force when that does not end', async () => {
      openWrapped();
      const id = await createReady();
      await source.drain(id);
      await source.stop(id);
      await until('it is gone', async () => (await phaseOf(id)) === 'gone', 15_000);
      await nothingRuns();
    });

    test('leaves no server at the end of the system, also to the next controller', async () => {
      openWrapped();
      await createReady();
      await source.close();
      openWrapped();
      await source.endAll();
      await nothingRuns();
    });

    test('is gone as soon as its command has ended, and its server with it', async () => {
      openWrapped();
      const id = await createReady();
      process.kill(pidOf(id), 'SIGKILL');
      await until('it is gone', async () => (await phaseOf(id)) === 'gone');
      await nothingRuns();
    });

    test('whose command ended while nobody watched is gone for the next controller, and its server ends', async () => {
      openWrapped();
      const id = await createReady();
      await source.close();
      process.kill(pidOf(id), 'SIGKILL');
      openWrapped();
      await until('it is gone', async () => (await phaseOf(id)) === 'gone');
      await nothingRuns();
    });

    test('that is draining goes on when its command ends first', async () => {
      openWrapped();
      const id = await createReady();
      const address = (await source.list()).find((workload) => workload.id === id)?.address;
      await source.drain(id);
      const pid = pidOf(id);
      process.kill(pid, 'SIGKILL');
      await until('its command has ended', () => processesNaming(directory).length === 1);
      expect((await http('GET', `http://${address}/`)).text).toBe('ok');
      expect(await phaseOf(id)).toBe('draining');
      await source.stop(id);
      await until('it is gone', async () => (await phaseOf(id)) === 'gone', 15_000);
    });
  });

  test('a controller that is killed before the record of its node is written leaves no node', async () => {
    const marker = join(directory, 'program-ran');
    const script = `require('fs').writeFileSync(${JSON.stringify(marker)}, ''); setInterval(() => {}, 1000)`;
    const controller = spawn(process.execPath, [hungDisk, directory, script], { stdio: 'inherit' });
    const children = () => processesNaming(directory).filter(({ pid }) => pid !== controller.pid);
    await until('its node has a process', () => children().length > 0);
    controller.kill('SIGKILL');
    await until('no process is left', () => processesNaming(directory).length === 0);
    expect(existsSync(marker)).toBe(false);
    open('');
    expect(await source.list()).toEqual([]);
  });

  test.each([
    ['cut', (path: string) => writeFileSync(path, readFileSync(path, 'utf8').slice(0, 20))],
    ['emptied', (path: string) => writeFileSync(path, '')],
    ['lost', (path: string) => rmSync(path)],
  ])('a node whose record was %s is found by its process, and its record is written again', async (_, damage) => {
    openServer();
    const id = await source.create();
    await until('it is ready', async () => (await phaseOf(id)) === 'ready');
    const [before] = await source.list();
    await source.close();
    const record = join(directory, `${id}.json`);
    const { pid } = JSON.parse(readFileSync(record, 'utf8')) as { pid: number };
    damage(record);
    openServer();
    await until('it is ready again', async () => (await phaseOf(id)) === 'ready');
    expect((await source.list()).map(({ address }) => address)).toEqual([before?.address]);
    await until('its record is whole', () => {
      try {
        return (JSON.parse(readFileSync(record, 'utf8')) as { pid: number }).pid === pid;
      } catch {
        return false;
      }
    });
  });

  test('a node that nothing leads to any more, since the whole folder was emptied, goes on, and ends with the system', async () => {
    openServer();
    const id = await source.create();
    await until('it is ready', async () => (await phaseOf(id)) === 'ready');
    await source.close();
    for (const file of readdirSync(directory)) rmSync(join(directory, file));
    const lines: string[] = [];
    openServer((line) => lines.push(line));
    expect(await source.list()).toEqual([]);
    expect(processesNaming(directory)).toHaveLength(1);
    expect(lines.filter((line) => line.includes('node-unreachable') && line.includes(id))).toHaveLength(1);
    await source.endAll();
    expect(processesNaming(directory)).toEqual([]);
  });

  test('a damaged record whose node does not run is told once, and hides no other', async () => {
    const lines: string[] = [];
    writeFileSync(join(directory, 'node-0000.json'), '{"id":');
    openServer((line) => lines.push(line));
    const id = await source.create();
    expect((await source.list()).map((workload) => workload.id)).toEqual([id]);
    expect(lines.filter((line) => line.includes('node-record-damaged'))).toHaveLength(1);
    expect(lines.find((line) => line.includes('node-record-damaged'))).toContain('delete node-0000.json');
  });

  test('on a disk that takes nothing, what happens anyway counts and is kept later; what is asked for is refused', async () => {
    openServer();
    const [leaving, staying] = [await source.create(), await source.create()];
    for (const id of [leaving, staying]) await until('it is ready', async () => (await phaseOf(id)) === 'ready');
    // A folder in the place of the file that is written first refuses root too.
    const blocks = [leaving, staying].map((id) => join(directory, `${id}.json.tmp`));
    for (const block of blocks) mkdirSync(block);

    await expect(source.drain(staying)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(await phaseOf(staying)).toBe('ready');
    writeFileSync(join(directory, `${leaving}.port.draining`), '');
    await until('it leaves', async () => (await phaseOf(leaving)) === 'draining');
    await until('the source says what is wrong', () => source.problem?.includes(`${leaving}.json`) === true);

    for (const block of blocks) rmdirSync(block);
    await until('nothing is wrong', () => source.problem === undefined);
    expect(JSON.parse(readFileSync(join(directory, `${leaving}.json`), 'utf8'))).toMatchObject({
      drainingSince: expect.any(Number),
    });
    await source.drain(staying);
    expect(await phaseOf(staying)).toBe('draining');
  });

  test('a command that cannot be run is SOURCE_UNAVAILABLE and says where it is set', async () => {
    const settings = () => ({ drainSeconds: 0, command: ['/nowhere/backend'] });
    source = openLocalSource({ directory, settings, sampleCommand: [], log: silentLogger }, { onChange: () => {} });
    await expect(source.create()).rejects.toMatchObject({
      code: 'SOURCE_UNAVAILABLE',
      message: expect.stringContaining('spec.nodes.command'),
    });
  });
});
