import type { Logger } from '@wscluster/service';
import type { CredentialsProvider, NacosCredentials } from '../adapters/nacos/registry.ts';
import type { Registry } from '../core/ports/registry.ts';
import type { NacosSpec } from '../core/spec/registry-schema.ts';
import type { Options } from './served-clusters.ts';

export interface NacosParts {
  readonly options: Options;
  readonly nacos: NacosSpec;
  /** Name of the service if the spec names none. */
  readonly service: string;
  /** Owner of the instances. */
  readonly owner: string;
  readonly credentials: NacosCredentials | CredentialsProvider | undefined;
  readonly log: Logger;
}

/** The registry that a spec asks for. */
export async function openNacos(parts: NacosParts): Promise<Registry> {
  const { options, nacos, service, owner, credentials, log } = parts;
  // Imported only if needed: Nacos' library takes time to load.
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

/** The credentials that the controller was started with. */
export function nacosCredentials(options: Options): NacosCredentials | undefined {
  const { nacosUsername: username, nacosPassword: password, nacosToken: token } = options;
  if (token !== undefined) return { token };
  return username === undefined || password === undefined ? undefined : { username, password };
}
