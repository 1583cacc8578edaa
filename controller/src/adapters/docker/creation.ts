import { isIPv4 } from 'node:net';
import type Docker from 'dockerode';
import { managedLabels } from './labels.ts';
import type { DockerNodeSettings } from './settings.ts';

/** Added to a node's drain time before it is killed, seconds. */
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
    Labels: { ...selector, ...managedLabels(cluster) },
    Env: Object.entries(told).map(([name, value]) => `${name}=${value}`),
    ...(command === undefined ? {} : { Cmd: [...command] }),
    ExposedPorts: { [portKey]: {} },
    // Also what a bare `docker stop` waits.
    StopTimeout: Math.ceil(drainSeconds) + FORCE_MARGIN_SECONDS,
    HostConfig: {
      // An init that passes signals on and reaps children: many programs do neither.
      Init: true,
      // The controller replaces nodes that end.
      RestartPolicy: { Name: 'no' },
      ...(network === undefined ? {} : { NetworkMode: network }),
      ...(addressFrom === 'publishedPort'
        ? { PortBindings: { [portKey]: [{ HostIp: bindAddress(settings.publishedHost), HostPort: '' }] } }
        : {}),
    },
  };
}

/**
 * Published on loopback only if nodes are reached there. Otherwise on all interfaces: the host's are not known here.
 */
function bindAddress(publishedHost: string): string {
  return isLoopback(publishedHost) ? publishedHost : '';
}

function isLoopback(host: string): boolean {
  return host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}
