import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { durationOption, formatHostPort, type HostPort, hostPortOption, type OptionValues } from '@wscluster/service';
import { brokerOptions } from '@wscluster/transport';
import { z } from 'zod';

/** Docker's default host name of a container. */
const CONTAINER_NAME = /^[0-9a-f]{12}$/;

export const nodeOptions = {
  id: {
    schema: z
      .string()
      .min(1)
      .max(256)
      .default(() => (CONTAINER_NAME.test(hostname()) ? hostname() : `ws-node-${randomBytes(4).toString('hex')}`)),
    help: "name of the node (default: in a container the host name, which is the beginning of the container's id; else ws-node-<random>)",
  },
  cluster: {
    schema: z.string().min(1).optional(),
    help: 'cluster whose ring to follow, so as to refuse keys that the node has lost (default none: it serves every key)',
  },
  ...brokerOptions,
  stateDir: {
    schema: z.string().min(1).default('.wscluster'),
    help: 'state folder of the cluster, to follow its ring without RabbitMQ and Redis (default .wscluster)',
  },
  listen: {
    schema: hostPortOption.prefault('127.0.0.1:8080'),
    help: 'host:port for WebSocket and HTTP; port 0 chooses a free one (default 127.0.0.1:8080)',
  },
  address: {
    schema: z.string().min(1).optional(),
    help: 'host:port that clients are told (default: the listen address, with the host name if it listens on all interfaces)',
  },
  portFile: {
    schema: z.string().min(1).optional(),
    help: 'file to write the address to once the node listens, useful with port 0 (default none)',
  },
  drainMs: {
    name: 'drainSeconds',
    schema: durationOption.prefault(60),
    help: 'seconds to wait after SIGTERM until clients have moved away (default 60)',
  },
  lingerMs: {
    name: 'lingerSeconds',
    schema: durationOption.prefault(3),
    help: 'seconds to keep accepting clients after SIGTERM in any case, since gateways learn of it a moment later (default 3)',
  },
  settleMs: {
    name: 'settleSeconds',
    schema: durationOption.prefault(5),
    help: 'seconds for which a push waits for a client that is reconnecting after an owner change (default 5)',
  },
  maxPayload: {
    schema: z.coerce
      .number()
      .int()
      .min(1)
      .max(1024 ** 3)
      .default(16 * 1024 * 1024),
    help: 'largest message from a client, in bytes; a larger one closes the connection with 1009 (default 16777216)',
  },
  compress: {
    schema: z.enum(['on', 'off']).default('off'),
    help: 'permessage-deflate, on or off; takes much memory per connection (default off)',
  },
};

export type NodeOptions = OptionValues<typeof nodeOptions>;

/** The address for others. "All interfaces" is not an address, so the host name stands for it. */
export function announcedAddress({ address, listen }: NodeOptions, port: number): string {
  const everywhere = listen.host === '::' || listen.host === '0.0.0.0';
  const reached: HostPort = { host: everywhere ? hostname() : listen.host, port };
  return address ?? formatHostPort(reached);
}
