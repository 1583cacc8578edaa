import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { formatHostPort, type HostPort, hostPortOption, type OptionValues, secondsOption } from '@wscluster/service';
import { brokerOptions } from '@wscluster/transport';
import { z } from 'zod';

/** What Docker calls a container's host unless told otherwise. */
const CONTAINER_NAME = /^[0-9a-f]{12}$/;

export const nodeOptions = {
  id: {
    schema: z
      .string()
      .min(1)
      .max(256)
      .default(() => (CONTAINER_NAME.test(hostname()) ? hostname() : `ws-node-${randomBytes(4).toString('hex')}`)),
    help: "name of the node (default the host name in a container, which begins the container's id; else ws-node-<random>)",
  },
  cluster: {
    schema: z.string().min(1).optional(),
    help: 'cluster whose ring it follows, to refuse keys that it lost; default none: it serves whatever comes',
  },
  ...brokerOptions,
  stateDir: {
    schema: z.string().min(1).default('.wscluster'),
    help: 'folder of the cluster, to follow its ring without rabbitmqUrl and redisUrl (default .wscluster)',
  },
  listen: {
    schema: hostPortOption.prefault('127.0.0.1:8080'),
    help: 'host:port of WebSocket and HTTP; port 0 takes a free one (default 127.0.0.1:8080)',
  },
  address: {
    schema: z.string().min(1).optional(),
    help: 'host:port that clients are told (default: where it listens; the host name if on all interfaces)',
  },
  portFile: {
    schema: z.string().min(1).optional(),
    help: 'file that gets the address once it listens, for whoever started it with port 0 (default none)',
  },
  drainSeconds: {
    schema: secondsOption.prefault(60),
    help: 'after SIGTERM, how long to wait for clients to be moved away, s (default 60)',
  },
  lingerSeconds: {
    schema: secondsOption.prefault(3),
    help: 'after SIGTERM, how long to accept clients in any case: gateways learn it a moment later, s (default 3)',
  },
  settleSeconds: {
    schema: secondsOption.prefault(5),
    help: 'how long a push waits for a client that is on its way here after an owner change, s (default 5)',
  },
  maxPayload: {
    schema: z.coerce
      .number()
      .int()
      .min(1)
      .max(1024 ** 3)
      .default(16 * 1024 * 1024),
    help: 'largest message from a client, bytes; longer ones close it with 1009 (default 16777216)',
  },
  compress: {
    schema: z.enum(['on', 'off']).default('off'),
    help: 'permessage-deflate, on or off; costs much memory for each connection (default off)',
  },
};

export type NodeOptions = OptionValues<typeof nodeOptions>;

/** What others are told to dial: all interfaces is no address, so it becomes the host's name. */
export function announcedAddress({ address, listen }: NodeOptions, port: number): string {
  const everywhere = listen.host === '::' || listen.host === '0.0.0.0';
  const reached: HostPort = { host: everywhere ? hostname() : listen.host, port };
  return address ?? formatHostPort(reached);
}
