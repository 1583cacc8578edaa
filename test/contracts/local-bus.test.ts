import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createConnection, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLocalFollower, openLocalHub } from '@wscluster/transport';
import { until } from '../e2e/support/wait.ts';
import { type BusHarness, ringBusContract } from './ring-bus.ts';
import { recordingLog } from './support/log-lines.ts';

/** Both ends are this one process, which may be busy for longer than the default. */
const CLOSE_MS = 10_000;

ringBusContract('the local bus', createLocalHarness);

async function createLocalHarness(): Promise<BusHarness> {
  const folder = await mkdtemp(join(tmpdir(), 'bus-'));
  const socketPath = join(folder, 'hub.sock');
  const { log, warnings } = recordingLog();
  // Node tells of every accepted connection: these are the hub's real sockets.
  const accepted = new Set<Socket>();
  const onAccepted = (message: unknown) => accepted.add((message as { socket: Socket }).socket);
  subscribe('net.server.socket', onAccepted);
  const live = () => [...accepted].filter((socket) => !socket.destroyed);

  return {
    warnings,
    openHub: (handlers) => openLocalHub({ socketPath, log, closeMs: CLOSE_MS }, handlers),
    openFollower: async (handlers) => openLocalFollower({ socketPath, log, closeMs: CLOSE_MS }, handlers),
    async breakConnections() {
      const sockets = live();
      for (const socket of sockets) socket.destroy();
      return sockets.length;
    },
    async injectBroadcast(payload) {
      for (const socket of live()) socket.write(Buffer.concat([payload, Buffer.from('\n')]));
    },
    async injectUplink(payload) {
      const socket = createConnection(socketPath);
      await new Promise<void>((resolve) => socket.end(Buffer.concat([payload, Buffer.from('\n')]), () => resolve()));
      await until('the stray connection is gone', () => socket.closed);
    },
    leftovers: () => leftovers(folder),
    async dispose() {
      unsubscribe('net.server.socket', onAccepted);
      await rm(folder, { recursive: true });
    },
  };
}

/** Handles close within a turn or two of the event loop; looking again uses no timer, which would be counted. */
async function leftovers(folder: string): Promise<string[]> {
  for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve));
  const kinds = new Set(['PipeWrap', 'PipeServerWrap', 'PipeConnectWrap', 'Timeout']);
  const handles = process.getActiveResourcesInfo().filter((kind) => kinds.has(kind));
  // The lock stays on purpose, see withFileLock.
  const files = (await readdir(folder)).filter((file) => file !== 'hub.sock.lock');
  return [...handles, ...files].sort();
}
