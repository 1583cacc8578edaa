import { fileURLToPath } from 'node:url';
import { hostPortOption, type OptionSpecs } from '@wscluster/service';
import { z } from 'zod';

const sampleNode = fileURLToPath(new URL('../../ws-node/src/main.ts', import.meta.url));

export const controllerOptions = {
  cluster: { schema: z.string(), help: 'YAML file of the WsCluster (required)' },
  stateDir: { schema: z.string().default('.wscluster'), help: 'folder of all state (default .wscluster)' },
  api: { schema: hostPortOption.prefault('127.0.0.1:7080'), help: 'address of the API (default 127.0.0.1:7080)' },
  apiToken: { schema: z.string().min(16).optional(), help: 'token of the API; required beyond loopback' },
  probes: { schema: hostPortOption.prefault(':8081'), help: 'address of probes and metrics (default :8081)' },
  stopNodes: {
    schema: z.stringbool().default(false),
    help: 'true ends the nodes with the controller; else they go on (default false)',
  },
  sampleNode: { schema: z.string().default(sampleNode), help: 'program of the sample backend' },
} satisfies OptionSpecs;
