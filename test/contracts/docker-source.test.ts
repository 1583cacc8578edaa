import { type DockerEngine, dockerEngine } from '@wscluster/testbed';
import { afterAll, beforeAll } from 'vitest';
import { type DockerScene, dockerScene } from './support/docker-scene.ts';
import { workloadSourceContract } from './workload-source.ts';

let engine: DockerEngine;
beforeAll(async () => {
  engine = await dockerEngine();
});
afterAll(() => engine.dispose());

async function signalAll(scene: DockerScene, id: string, signal: NodeJS.Signals): Promise<void> {
  for (const pid of await scene.pids(id)) process.kill(pid, signal);
}

workloadSourceContract('docker', async () => {
  const scene = await dockerScene(engine);
  const stops: Promise<unknown>[] = [];
  return {
    open: (handlers) => scene.open(handlers),
    // By their pids, so that Docker too finds out from the kernel alone.
    async crash(id) {
      const [first = 0] = await scene.pids(id);
      process.kill(first, 'SIGKILL');
    },
    async terminate(id) {
      stops.push(scene.docker('stop', id));
    },
    freeze: (id) => signalAll(scene, id, 'SIGSTOP'),
    thaw: (id) => signalAll(scene, id, 'SIGCONT'),
    async dispose() {
      await Promise.allSettled(stops);
      await scene.dispose();
    },
  };
});
