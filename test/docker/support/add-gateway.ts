import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePorts } from '@wscluster/testbed/ports';
import { LoggedProcess } from '../../e2e/support/processes.ts';
import type { System } from '../../e2e/support/system.ts';

const gatewayMain = fileURLToPath(new URL('../../../gateway/src/main.ts', import.meta.url));

/** One gateway more, by other ways to the brokers; it ends with the system. */
export async function addGateway(
  system: System,
  brokers: { readonly rabbitmqUrl: string; readonly redisUrl: string },
): Promise<void> {
  const [port = 0, probes = 0] = await freePorts(2);
  const id = `gateway-${system.gateways.length + 1}`;
  const process = new LoggedProcess(
    [
      gatewayMain,
      ...['--cluster', system.name, '--state-dir', join(system.directory, 'state'), '--id', id],
      ...['--listen', `127.0.0.1:${port}`, '--probes', `127.0.0.1:${probes}`, '--drain-seconds', '1'],
    ],
    { WSCLUSTER_RABBITMQ_URL: brokers.rabbitmqUrl, WSCLUSTER_REDIS_URL: brokers.redisUrl },
  );
  system.gateways.push({ id, port, probes, process });
}
