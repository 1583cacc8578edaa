import { rmSync } from 'node:fs';
import { freePorts } from '@wscluster/testbed';
import { scratchFolder } from '../scratch.ts';
import { nodeCommand } from './node-process.ts';
import { type ProxyOptions, type RunningProxy, startProxy } from './proxy.ts';
import { CLUSTER, RingPublisher } from './ring-publisher.ts';

export interface RunningGateway extends RunningProxy {
  readonly rings: RingPublisher;
}

/** As deploy/Dockerfile has it. */
const IMAGE_ENV = { NODE_ENV: 'production', MALLOC_ARENA_MAX: '1' };

/** Our gateway, as images run it, with everything on. */
export async function startWscluster(
  bundle: string,
  { nodes, preload, rings: ringOptions }: ProxyOptions,
): Promise<RunningGateway> {
  const state = scratchFolder('ring');
  const rings = await RingPublisher.start(state, nodes, ringOptions);
  const stopRings = async () => {
    await rings.stop();
    rmSync(state, { recursive: true, force: true });
  };
  try {
    const [probes] = await freePorts(1);
    const flags = ['--cluster', CLUSTER, '--state-dir', state, '--probes', `127.0.0.1:${probes}`];
    const proxy = await startProxy({
      name: 'wscluster',
      command: (port) => nodeCommand(preload, bundle, ...flags, '--listen', `127.0.0.1:${port}`),
      env: { ...IMAGE_ENV, ...preload?.env },
    });
    return {
      ...proxy,
      rings,
      nodeEnded: (name) => rings.without(name),
      stop: async () => {
        await proxy.stop();
        await stopRings();
      },
    };
  } catch (error) {
    await stopRings();
    throw error;
  }
}
