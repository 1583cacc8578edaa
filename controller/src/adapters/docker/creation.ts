import { isIPv4 } from 'node:net';
import type Docker from 'dockerode';
import { LABELS } from './labels.ts';
import type { DockerNodeSettings } from './settings.ts';

/** Added to a node's drain time before it is ended by force, seconds. */
export const FORCE_MARGIN_SECONDS = 5;

/** The container of a new managed node. */
export function containerOf(
  cluster: string,
  image: string,
  settings: DockerNodeSettings,
): Docker.ContainerCreateOptions {
  const { port, network, addressFrom, drainSeconds, env = {}, command, selector } = settings;
  const portKey = `${port}/tcp`;
  const told: Record<string, string> = {
    WSCLUSTER_LISTEN: `:${port}`,
    WSCLUSTER_DRAIN_SECONDS: String(drainSeconds),
    ...env,
  };
  return {
    Image: image,
    Labels: { ...selector, [LABELS.cluster]: cluster, [LABELS.managed]: 'true' },
    Env: Object.entries(told).map(([name, value]) => `${name}=${value}`),
    ...(command === undefined ? {} : { Cmd: [...command] }),
    ExposedPorts: { [portKey]: {} },
    // Also what a bare `docker stop` waits.
    StopTimeout: Math.ceil(drainSeconds) + FORCE_MARGIN_SECONDS,
    HostConfig: {
      // A first process that passes signals on and reaps children: many programs do neither.
      Init: true,
      // The controller replaces what ends.
      RestartPolicy: { Name: 'no' },
      ...(network === undefined ? {} : { NetworkMode: network }),
      ...(addressFrom === 'publishedPort'
        ? { PortBindings: { [portKey]: [{ HostIp: bindAddress(settings.publishedHost), HostPort: '' }] } }
        : {}),
    },
  };
}

/** Nodes that are reached over loopback are published there only; anywhere else the host's interfaces are unknown. */
function bindAddress(publishedHost: string): string {
  return isLoopback(publishedHost) ? publishedHost : '';
}

function isLoopback(host: string): boolean {
  return host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}
