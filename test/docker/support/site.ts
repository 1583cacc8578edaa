import { inject } from 'vitest';
import type { SystemOptions } from '../../e2e/support/system.ts';
import { type Engine, onDocker, useEngine } from './engine.ts';

/** A Docker engine, and the servers that a whole system needs. */
export interface Site extends Engine {
  /** Shared with the other files of the group. */
  readonly brokers: { readonly redisUrl: string; readonly rabbitmqUrl: string };
  /** `host:port`; shared too. */
  readonly nacos: string;
}

/** For the tests of a file. Each ends without containers, and with the engine running. */
export function useSite(): () => Site {
  const engine = useEngine();
  return () => {
    const { nacos, ...brokers } = inject('brokers');
    return { ...engine(), brokers, nacos };
  };
}

/** A system whose nodes are containers, with the site's brokers and its Nacos. */
export function onSite(site: Site, options: SystemOptions): SystemOptions {
  return onDocker(site, { controllers: 1, brokers: site.brokers, nacos: [site.nacos], ...options });
}
