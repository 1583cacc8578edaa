import { constants } from 'node:os';
import type Docker from 'dockerode';
import type { Labels } from './labels.ts';

/** What is needed of a container that has not ended. */
export interface ContainerFacts {
  readonly id: string;
  readonly name: string;
  /** The image name that the container was created with. */
  readonly image: string;
  readonly labels: Labels;
  /** Unix ms by the engine's clock. */
  readonly createdAt: number;
  /** When it was last started, Unix ms by the engine's clock. It tells one run of a container from the next. */
  readonly startedAt: number;
  readonly running: boolean;
  /** It is no longer running, and may be started again. */
  readonly ended: boolean;
  /** Exit code of its last run. */
  readonly exitCode: number;
  readonly paused: boolean;
  /** `none`: it has no health check. */
  readonly health: 'none' | 'starting' | 'healthy' | 'unhealthy';
  /** Number of the signal that asks it to end. */
  readonly stopSignal: number;
  /** `host`, `none`, `container:<id>`, or the name of a network. */
  readonly networkMode: string;
  readonly networks: readonly ContainerNetwork[];
  /** By `port/protocol`; empty where the port is not published. */
  readonly publishedPorts: Readonly<Record<string, readonly HostPortBinding[]>>;
}

export interface ContainerNetwork {
  readonly name: string;
  /** Without brackets; undefined while it has none. */
  readonly ip: string | undefined;
}

export interface HostPortBinding {
  readonly ip: string;
  readonly port: number;
}

/** States in which a container has ended. One that is `restarting` waits for its next run; its clients are lost. */
const ENDED = new Set(['exited', 'dead', 'removing', 'restarting']);

export function hasEndedIn(state: string): boolean {
  return ENDED.has(state);
}

/** A container that was only created has a start in the year 1. */
export function hasStarted({ startedAt }: Pick<ContainerFacts, 'startedAt'>): boolean {
  return startedAt > 0;
}

/** The facts of an inspected container. */
export function factsOf(inspected: Docker.ContainerInspectInfo): ContainerFacts {
  const { State: state, Config: config, NetworkSettings: networking } = inspected;
  return {
    id: inspected.Id,
    name: inspected.Name.replace(/^\//, ''),
    image: config.Image,
    labels: config.Labels ?? {},
    createdAt: Date.parse(inspected.Created),
    startedAt: Date.parse(state.StartedAt),
    running: state.Running,
    ended: hasEndedIn(state.Status),
    exitCode: state.ExitCode,
    paused: state.Paused,
    health: healthOf(state.Health?.Status),
    stopSignal: signalNumber((config as { StopSignal?: string }).StopSignal),
    networkMode: inspected.HostConfig.NetworkMode ?? 'default',
    networks: Object.entries(networking.Networks ?? {}).map(([name, network]) => ({
      name,
      ip: network.IPAddress || network.GlobalIPv6Address || undefined,
    })),
    publishedPorts: Object.fromEntries(
      Object.entries(networking.Ports ?? {}).map(([port, bindings]) => [
        port,
        // null where a port is exposed but not published.
        (bindings ?? []).map(({ HostIp, HostPort }) => ({ ip: HostIp, port: Number(HostPort) })),
      ]),
    ),
  };
}

function healthOf(status: string | undefined): ContainerFacts['health'] {
  if (status === 'starting' || status === 'healthy' || status === 'unhealthy') return status;
  return 'none';
}

const SIGTERM = 15;
/** Counted as glibc and musl do, and so Docker. */
const SIGRTMIN = 34;
const SIGRTMAX = 64;

/**
 * The number of a signal in the notations of images: `SIGQUIT`, `quit`, `3`, `SIGRTMIN+3`. Docker's default is SIGTERM.
 */
export function signalNumber(text: string | undefined): number {
  if (text === undefined || text === '') return SIGTERM;
  const name = text.toUpperCase().replace(/^SIG/, '');
  if (/^\d+$/.test(name)) return Number(name);
  const realTime = /^RT(MIN|MAX)([+-]\d+)?$/.exec(name);
  if (realTime !== null) return (realTime[1] === 'MIN' ? SIGRTMIN : SIGRTMAX) + Number(realTime[2] ?? 0);
  return (constants.signals as Record<string, number>)[`SIG${name}`] ?? SIGTERM;
}
