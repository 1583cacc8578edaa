import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { WorkloadSource } from '@wscluster/controller';
import { openLocalSource } from '@wscluster/controller/adapters/local';
import { silentLogger } from '@wscluster/service';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { processesNaming } from '../e2e/support/processes.ts';
import { until } from '../e2e/support/wait.ts';
import { workloadSourceContract } from './workload-source.ts';

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
  const open = (script: string) => {
    const command = [process.execPath, '-e', script];
    const settings = () => ({ drainSeconds: 0, command });
    source = openLocalSource({ directory, settings, sampleCommand: [], log: silentLogger }, { onChange: () => {} });
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

  test('a command that cannot be run is SOURCE_UNAVAILABLE and says where it is set', async () => {
    const settings = () => ({ drainSeconds: 0, command: ['/nowhere/backend'] });
    source = openLocalSource({ directory, settings, sampleCommand: [], log: silentLogger }, { onChange: () => {} });
    await expect(source.create()).rejects.toMatchObject({
      code: 'SOURCE_UNAVAILABLE',
      message: expect.stringContaining('spec.nodes.command'),
    });
  });
});
