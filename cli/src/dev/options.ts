import { fileURLToPath } from 'node:url';
import type { OptionSpecs } from '@wscluster/service';
import { z } from 'zod';

const port = z.coerce.number().int().min(1).max(65_535);
const exampleCluster = fileURLToPath(new URL('../../../deploy/local/chat.yaml', import.meta.url));

export const devOptions = {
  cluster: {
    schema: z.string().default(exampleCluster),
    help: 'YAML file of the WsCluster (default deploy/local/chat.yaml)',
  },
  stateDir: { schema: z.string().default('.wscluster'), help: 'folder of all state (default .wscluster)' },
  apiPort: { schema: port.default(7080), help: 'port of the API on 127.0.0.1 (default 7080)' },
  gatewayPorts: {
    schema: z
      .string()
      .default('7000,7001')
      .transform((list): unknown => list.split(','))
      .pipe(z.array(port)),
    help: 'ports of the gateways on 127.0.0.1 (default 7000,7001)',
  },
  probePorts: {
    schema: port.default(8081),
    help: 'first of the probe ports on 127.0.0.1: controller, then gateways (default 8081)',
  },
} satisfies OptionSpecs;
