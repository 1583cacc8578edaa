import { hostname } from 'node:os';
import { configFileOption, durationOption, hostPortOption, type OptionValues } from '@wscluster/service';
import { brokerOptions } from '@wscluster/transport';
import { z } from 'zod';

/** All settings of a gateway. What it needs to know about its cluster comes with the ring. */
export const OPTIONS = {
  config: { ...configFileOption, help: `${configFileOption.help}. SIGHUP reads it again` },
  cluster: {
    schema: z
      .string({ error: 'must name the cluster' })
      .regex(
        /^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\.)?[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/,
        'must be a name such as chat, in Kubernetes with its namespace: default.chat',
      ),
    help: 'Name of the cluster to serve, in Kubernetes <namespace>.<name>; no default',
  },
  id: {
    schema: z.string().min(1).max(256).default(`${hostname()}-${process.pid}`),
    help: 'Name of this gateway among those of the cluster; default host name and process id',
  },
  listen: {
    schema: hostPortOption.prefault(':7000'),
    help: 'Address for clients; default :7000, on all interfaces since it is the public face',
  },
  probes: {
    schema: hostPortOption.prefault(':8081'),
    help: 'Address of /healthz, /readyz and /metrics; default :8081',
  },
  advertise: {
    schema: z.string().min(1).optional(),
    help: 'host:port under which clients reach this gateway, for display; default: host name and the listen port',
  },
  stateDir: {
    schema: z.string().min(1).default('.wscluster'),
    help: "Folder with each cluster's bus socket and ring file; default .wscluster, relative to the working directory. Not used with rabbitmqUrl",
  },
  ...brokerOptions,
  unreadyMs: {
    name: 'unreadySeconds',
    schema: durationOption.prefault('0'),
    help: 'Time between unready and the end of accepting, for load balancers to notice; seconds, default 0',
  },
  drainMs: {
    name: 'drainSeconds',
    schema: durationOption.prefault('10'),
    help: 'Time over which clients are told to go elsewhere when this gateway stops; seconds, default 10',
  },
  logLevel: {
    schema: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
    help: 'Least important level of the lines to log, trace to fatal, or silent; default info',
  },
};

export type GatewayConfig = OptionValues<typeof OPTIONS>;
