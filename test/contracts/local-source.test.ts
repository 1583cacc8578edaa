import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openLocalSource } from '@wscluster/controller/workloads/local';
import { silentLogger } from '@wscluster/service';
import { expect } from 'vitest';
import { processesNaming } from '../e2e/support/processes.ts';
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
