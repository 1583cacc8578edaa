import type { Logger } from '@wscluster/service';
import type { CredentialsProvider, NacosCredentials } from '../adapters/nacos/registry.ts';
import type { Registry } from '../core/ports/registry.ts';
import type { NacosSpec } from '../core/spec/registry-schema.ts';
import type { Options } from './served-clusters.ts';

export interface NacosParts {
  readonly options: Options;
  readonly nacos: NacosSpec;
  /** Name of the service where the spec names none. */
  readonly service: string;
  /** Whose the instances are. */
  readonly owner: string;
  readonly credentials: NacosCredentials | CredentialsProvider | undefined;
  readonly log: Logger;
}

/** The registry that a spec asks for. */
export async function openNacos(parts: NacosParts): Promise<Registry> {
  const { options, nacos, service, owner, credentials, log } = parts;
  // Loaded when needed: Nacos's library takes its time.
  const { openNacosRegistry } = await import('../adapters/nacos/registry.ts');
  return openNacosRegistry({
    servers: nacos.servers ?? options.nacosServers?.split(',') ?? [],
    scheme: options.nacosScheme,
    api: options.nacosApi,
    namespace: nacos.namespace,
    group: nacos.group,
    service: nacos.service ?? service,
    clusterName: nacos.cluster,
    owner,
    credentials,
    log,
  });
}

/** Those that the controller was started with. */
export function nacosCredentials(options: Options): NacosCredentials | undefined {
  const { nacosUsername: username, nacosPassword: password, nacosToken: token } = options;
  if (token !== undefined) return { token };
  return username === undefined || password === undefined ? undefined : { username, password };
}
