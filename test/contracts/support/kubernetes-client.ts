import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../../e2e/support/wait.ts';
import { namesOf } from '../../kubernetes/support/objects.ts';
import { openTcpRelay, type TcpRelay } from './tcp-relay.ts';

interface Cluster {
  readonly address: string;
  readonly kubeconfig: string;
  kubectl(...args: string[]): Promise<string>;
  read<T>(path: string): Promise<T>;
}

/** A namespace of its own, made and usable. */
export async function newNamespace(cluster: Cluster): Promise<string> {
  const name = `test-${randomBytes(4).toString('hex')}`;
  await cluster.kubectl('create', 'namespace', name);
  return name;
}

/** Where nobody makes service accounts, a pod can only be admitted when there is one. */
export async function addServiceAccount(cluster: Cluster, namespace: string): Promise<void> {
  const isThere = async () => (await namesOf(cluster, 'serviceaccounts', { namespace })).includes('default');
  if (await isThere()) return;
  await cluster.kubectl('create', 'serviceaccount', 'default', '-n', namespace).catch(() => {});
  await until('there is a service account', isThere);
}

/** A kubeconfig like another one, that names another address. */
export interface KubeconfigCopy {
  readonly path: string;
  /** Replaces a text of it. */
  replace(text: string | RegExp, by: string): void;
  remove(): void;
}

export function copyKubeconfig(original: string): KubeconfigCopy {
  const folder = mkdtempSync(join(tmpdir(), 'wsc-kubeconfig-'));
  const path = join(folder, 'config');
  writeFileSync(path, readFileSync(original, 'utf8'));
  return {
    path,
    replace: (text, by) => writeFileSync(path, readFileSync(path, 'utf8').replace(text, by)),
    remove: () => rmSync(folder, { recursive: true }),
  };
}

export interface RelayedApi {
  readonly kubeconfig: string;
  readonly relay: TcpRelay;
  close(): Promise<void>;
}

/** The API server behind a relay, to disturb the connections of one client. */
export async function relayedApi(cluster: Cluster): Promise<RelayedApi> {
  const relay = await openTcpRelay(cluster.address);
  const copy = copyKubeconfig(cluster.kubeconfig);
  copy.replace(cluster.address, `127.0.0.1:${relay.port}`);
  return {
    kubeconfig: copy.path,
    relay,
    async close() {
      copy.remove();
      await relay.close();
    },
  };
}
