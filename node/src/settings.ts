import { hostname } from 'node:os';
import { WsClusterError } from '@wscluster/ring';
import type { Logger } from '@wscluster/service';
import type { Hello, RingAddress, WsNodeOptions } from './api.ts';
import { CAPACITIES, isCapacity } from './capacity.ts';
import { loggerOf, standardError } from './log.ts';
import { checkRing, ringOfEnvironment } from './ring-source.ts';

/** The options with their defaults. Times in milliseconds. */
export interface Settings {
  readonly id: string;
  readonly server: WsNodeOptions['server'];
  readonly ring: RingAddress | undefined;
  readonly readinessPath: string | undefined;
  readonly ready: () => boolean | Promise<boolean>;
  /** Undefined: it says none. */
  readonly capacity: (() => number) | undefined;
  readonly sendPath: string | undefined;
  readonly greeting: ((hello: Hello) => string) | undefined;
  readonly drainMs: number;
  readonly lingerMs: number;
  readonly settleMs: number;
  readonly log: Logger;
}

/** Reads what the options leave out from the environment. Throws CONFIG_INVALID naming the option or the variable. */
export function settingsOf(options: WsNodeOptions, env: NodeJS.ProcessEnv): Settings {
  const { server, hello, ready = () => true } = options;
  if (typeof server?.closeIdleConnections !== 'function')
    throw wrong('server', 'must be a server of node:http or node:https');
  const log = loggerOf(options.log ?? standardError);
  const ring = options.ring === false ? undefined : (options.ring ?? ringOfEnvironment(env, log));
  if (ring !== undefined) checkRing(ring);
  return {
    ...{ server, ring, ready, log },
    id: options.id ?? (env.WSCLUSTER_ID || hostname()),
    readinessPath: path('readinessPath', options.readinessPath ?? '/readyz'),
    capacity: capacityOf(options.capacity),
    sendPath: path('sendPath', options.sendPath ?? '/send'),
    greeting: hello === true ? JSON.stringify : hello || undefined,
    drainMs:
      options.drainSeconds === undefined && env.WSCLUSTER_DRAIN_SECONDS
        ? milliseconds('WSCLUSTER_DRAIN_SECONDS', Number(env.WSCLUSTER_DRAIN_SECONDS))
        : milliseconds('drainSeconds', options.drainSeconds ?? 60),
    lingerMs: milliseconds('lingerSeconds', options.lingerSeconds ?? 3),
    settleMs: milliseconds('settleSeconds', options.settleSeconds ?? 5),
  };
}

function path(field: string, value: string | false): string | undefined {
  if (value === false) return undefined;
  if (typeof value === 'string' && /^\/[^?#]*$/.test(value)) return value;
  throw wrong(field, `must be a path that begins with /, or false, not ${JSON.stringify(value)}`);
}

function capacityOf(capacity: WsNodeOptions['capacity']): (() => number) | undefined {
  if (capacity === undefined || typeof capacity === 'function') return capacity;
  if (isCapacity(capacity)) return () => capacity;
  throw wrong('capacity', `must be ${CAPACITIES}, or a function that returns one, not ${JSON.stringify(capacity)}`);
}

/** Timers hold at most 2^31 - 1 ms. */
function milliseconds(field: string, seconds: number): number {
  if (seconds >= 0 && seconds <= 2_000_000) return seconds * 1000;
  throw wrong(field, `must be a number of seconds from 0 to 2000000, not ${String(seconds)}`);
}

function wrong(field: string, what: string): WsClusterError {
  return new WsClusterError('CONFIG_INVALID', `${field}: ${what}`, { field });
}
