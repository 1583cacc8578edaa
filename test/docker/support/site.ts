import { rabbitmqServer, redisServer } from '@wscluster/testbed';
import { nacosServer } from '@wscluster/testbed/nacos';
import { afterAll, beforeAll } from 'vitest';
import type { Brokers } from '../../brokers/support/brokers.ts';
import type { SystemOptions } from '../../e2e/support/system.ts';
import { type Engine, onDocker, useEngine } from './engine.ts';

/** A Docker engine, and the servers that a whole system needs. */
export interface Site extends Engine {
  readonly brokers: Brokers;
  /** `host:port`. */
  readonly nacos: string;
}

/** For the tests of a file. Each ends without containers, and with the engine running. */
export function useSite(): () => Site {
  const opened: { dispose(): Promise<void> }[] = [];
  let servers: Pick<Site, 'brokers' | 'nacos'> | undefined;
  const open = async <Server extends { dispose(): Promise<void> }>(starting: Promise<Server>): Promise<Server> => {
    const server = await starting;
    opened.push(server);
    return server;
  };
  beforeAll(async () => {
    // One after the other: on a busy machine the database in Nacos gives up while others start beside it.
    const redis = await open(redisServer());
    const rabbitmq = await open(rabbitmqServer());
    const nacos = await open(nacosServer('3.1'));
    const urls = { redisUrl: redis.url, rabbitmqUrl: rabbitmq.url };
    servers = { brokers: { redis, rabbitmq, urls }, nacos: nacos.address };
  });
  afterAll(async () => {
    await Promise.all(opened.map((server) => server.dispose()));
  });
  // Last, since others wait for it.
  const engine = useEngine();
  return () => {
    if (servers === undefined) throw new Error('there is a site only within a test');
    return { ...engine(), ...servers };
  };
}

/** A system whose nodes are containers, with the site's brokers and its Nacos. */
export function onSite(site: Site, options: SystemOptions): SystemOptions {
  return onDocker(site, { controllers: 1, brokers: site.brokers.urls, nacos: [site.nacos], ...options });
}
