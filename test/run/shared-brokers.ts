import type { RealServer } from '@wscluster/testbed';
import { rabbitmqServer, redisServer } from '@wscluster/testbed';
import { nacosServer } from '@wscluster/testbed/nacos';
import type { TestProject } from 'vitest/node';
import { GROUPS } from './groups.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Servers that run for a whole group; see sharedBrokers. */
    readonly brokers: { readonly redisUrl: string; readonly rabbitmqUrl: string; readonly nacos: string };
  }
}

/** Starts the servers that the files of a group share, and ends them after the last file. */
export async function setup({ name, provide }: TestProject): Promise<() => Promise<void>> {
  const group = GROUPS.find((one) => name === one.name);
  const servers: RealServer[] = [];
  const add = <Server extends RealServer>(server: Server): Server => {
    servers.push(server);
    return server;
  };
  const redis = add(await redisServer());
  const rabbitmq = add(await rabbitmqServer());
  const nacos = group?.needs.includes('nacos') === true ? add(await nacosServer('3.1')) : undefined;
  provide('brokers', { redisUrl: redis.url, rabbitmqUrl: rabbitmq.url, nacos: nacos?.address ?? '' });
  return async () => {
    await Promise.all(servers.map((server) => server.dispose()));
  };
}
