import { rmSync } from 'node:fs';
import { freePorts } from '@wscluster/testbed';
import { scratchFolder } from '../scratch.ts';
import { collecting, nodeCommand } from './node-process.ts';
import { type ProxyOptions, type RunningProxy, startProxy } from './proxy.ts';
import { CLUSTER, RingPublisher } from './ring-publisher.ts';

/** Our gateway, as images run it, with everything on. */
export async function startWscluster(bundle: string, options: ProxyOptions): Promise<RunningProxy> {
  const { nodes, collects = false } = options;
  const state = scratchFolder('ring');
  const rings = await RingPublisher.start(state, nodes);
  const stopRings = async () => {
    await rings.stop();
    rmSync(state, { recursive: true, force: true });
  };
  try {
    const [probes] = await freePorts(1);
    const flags = ['--cluster', CLUSTER, '--state-dir', state, '--probes', `127.0.0.1:${probes}`];
    const proxy = await startProxy({
      name: 'wscluster',
      command: (port) => nodeCommand(collects, bundle, ...flags, '--listen', `127.0.0.1:${port}`),
      env: { NODE_ENV: 'production' },
    });
    return {
      ...collecting(proxy),
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
