import { join } from 'node:path';
import { run } from '../process/run.ts';
import type { Programs } from './programs.ts';

/** A manifest: YAML (or JSON) text, or objects. */
export type Manifest = string | object | readonly object[];

export interface Kubectl {
  /**
   * Runs kubectl as cluster-admin, for example `kubectl('get', 'pods')`; returns its stdout. On failure rejects with
   * its whole output.
   */
  kubectl(...args: string[]): Promise<string>;
  /** `kubectl apply` of the manifest, with further arguments. */
  apply(manifest: Manifest, ...args: string[]): Promise<string>;
}

export function kubectlWith(programs: Programs, folder: string, kubeconfig: string): Kubectl {
  const kubectl = (args: readonly string[], input?: string) =>
    run(programs('kubectl'), args, {
      // Nothing of the user's own: no configuration and no plugins.
      env: { KUBECONFIG: kubeconfig, KUBECACHEDIR: join(folder, 'kubectl-cache'), HOME: folder, KUBERC: 'off' },
      timeoutMs: 300_000,
      ...(input === undefined ? {} : { input }),
    });
  return {
    kubectl: (...args) => kubectl(args),
    apply: (manifest, ...args) => kubectl(['apply', '--filename', '-', ...args], textOf(manifest)),
  };
}

function textOf(manifest: Manifest): string {
  if (typeof manifest === 'string') return manifest;
  return JSON.stringify(Array.isArray(manifest) ? { apiVersion: 'v1', kind: 'List', items: manifest } : manifest);
}
