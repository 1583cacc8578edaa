import type { Registry } from '../../core/ports/registry.ts';
import type { ClusterSpec } from '../../core/spec/schema.ts';
import type { ClusterIdentity } from '../names.ts';
import type { KnownSecrets } from './cluster-secrets.ts';
import type { RegistryCredentials, Servers } from './servers.ts';

/**
 * The registry that the spec of a cluster names, with the credentials of the resource's own Secret; undefined if it
 * names none. The controller's credentials are only for its own servers.
 */
export async function openClusterRegistry(
  servers: Servers,
  { id, name }: ClusterIdentity,
  { registry: { nacos } }: ClusterSpec,
  secret: () => KnownSecrets['nacos'],
): Promise<Registry | undefined> {
  if (nacos === undefined) return undefined;
  const own = nacos.servers === undefined ? 'own' : () => undefined;
  const credentials = nacos.secretRef === undefined ? own : () => credentialsIn(secret());
  return servers.openRegistry({ nacos, service: name, owner: id, credentials });
}

/** Removes the instances of a cluster from the registry that its spec names. */
export async function leaveRegistry(
  servers: Servers,
  cluster: ClusterIdentity,
  spec: ClusterSpec,
  { nacos }: KnownSecrets,
): Promise<void> {
  const registry = await openClusterRegistry(servers, cluster, spec, () => nacos);
  try {
    await registry?.clear();
  } finally {
    await registry?.close();
  }
}

function credentialsIn({
  token,
  username,
  password,
}: Readonly<Record<string, string>> = {}): RegistryCredentials | undefined {
  if (token !== undefined) return { token };
  return username === undefined || password === undefined ? undefined : { username, password };
}
