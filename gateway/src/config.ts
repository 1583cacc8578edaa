import { availableParallelism, hostname } from 'node:os';
import { configFileOption, durationOption, hostPortOption, type OptionValues } from '@wscluster/service';
import { brokerOptions } from '@wscluster/transport';
import { z } from 'zod';

/** A machine may have a hundred processors, and a worker takes 60 MB. */
const MOST_BY_ITSELF = 4;

/** All settings of a gateway. Those of its cluster come with the ring. */
export const OPTIONS = {
  config: { ...configFileOption, help: `${configFileOption.help}; SIGHUP reloads it` },
  cluster: {
    schema: z
      .string({ error: 'must name the cluster' })
      .regex(
        /^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\.)?[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/,
        'must be a name such as chat, or on Kubernetes with its namespace, default.chat',
      ),
    help: 'name of the cluster to serve, on Kubernetes <namespace>.<name> (required)',
  },
  id: {
    schema: z.string().min(1).max(256).default(`${hostname()}-${process.pid}`),
    help: 'name of this gateway in the cluster (default: host name and process id)',
  },
  listen: {
    schema: hostPortOption.prefault(':7000'),
    help: 'address for clients (default :7000, on all interfaces)',
  },
  probes: {
    schema: hostPortOption.prefault(':8081'),
    help: 'address of /healthz, /readyz and /metrics (default :8081)',
  },
  advertise: {
    schema: z.string().min(1).optional(),
    help: 'host:port at which clients reach this gateway, for display (default: host name and listen port)',
  },
  workers: {
    schema: z
      .union([z.literal('auto'), z.coerce.number('must be auto or a number').int().min(1).max(256)])
      .default(1)
      .transform((workers) => (workers === 'auto' ? Math.min(availableParallelism(), MOST_BY_ITSELF) : workers)),
    help: 'processes that share the listen port, from 1 to 256; auto: one for each processor, 4 at most (default 1)',
  },
  stateDir: {
    schema: z.string().min(1).default('.wscluster'),
    help: 'state folder with the bus socket and ring file of the cluster, unless RabbitMQ is used (default .wscluster)',
  },
  ...brokerOptions,
  unreadyMs: {
    name: 'unreadySeconds',
    schema: durationOption.prefault('0'),
    help: 'seconds for which a stopping gateway is unready but still accepts, so that load balancers notice (default 0)',
  },
  drainMs: {
    name: 'drainSeconds',
    schema: durationOption.prefault('10'),
    help: 'seconds over which a stopping gateway closes its connections (default 10)',
  },
  logLevel: {
    schema: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
    help: 'lowest level to log: trace, debug, info, warn, error, fatal or silent (default info)',
  },
};

export type GatewayConfig = OptionValues<typeof OPTIONS>;
