import { hostPortOption, type OptionValues } from '@wscluster/service';
import { z } from 'zod';

export const socketProxyOptions = {
  engineSocket: {
    schema: z.string().min(1).default('/var/run/docker.sock'),
    help: 'Unix socket of the Docker engine (default /var/run/docker.sock)',
  },
  listenSocket: {
    schema: z.string().min(1).default('/run/docker-api/docker.sock'),
    help: 'Unix socket that the controllers use instead; made anew (default /run/docker-api/docker.sock)',
  },
  probes: {
    schema: hostPortOption.prefault('127.0.0.1:8081'),
    help: 'address of /healthz and /readyz (default 127.0.0.1:8081)',
  },
};

export type SocketProxyOptions = OptionValues<typeof socketProxyOptions>;
