/**
 * The id of a Kubernetes cluster's rings: in messages, names of exchanges and keys, paths of the API, `--cluster` of its
 * gateways. Names hold no dot, so no two resources share one.
 */
export function clusterId({ namespace, name }: { readonly namespace: string; readonly name: string }): string {
  return `${namespace}.${name}`;
}
