/** A WsCluster as a user writes it, with managed nodes unless its spec says otherwise. */
export function wsCluster(name: string, spec: object = {}, namespace = 'default') {
  return {
    apiVersion: 'wscluster.io/v1alpha1',
    kind: 'WsCluster',
    metadata: { name, namespace },
    spec: {
      bus: { rabbitmq: { secretRef: { name: 'rabbitmq' } } },
      store: { redis: { secretRef: { name: 'redis' } } },
      nodes: { replicas: 3, template: POD },
      ...spec,
    },
  };
}

/** What managed nodes are made from. */
export const POD = {
  metadata: { labels: { app: 'chat' } },
  spec: { containers: [{ name: 'chat', image: 'chat:1', resources: { limits: { cpu: 1 } } }] },
};

/** Nodes of others. */
export const SELECTOR = { matchLabels: { app: 'chat' } };

/** The Secrets that `wsCluster` names. */
export function brokerSecrets({ rabbitmqUrl, redisUrl }: { readonly rabbitmqUrl: string; readonly redisUrl: string }) {
  const secret = (name: string, url: string) => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace: 'default' },
    stringData: { url },
  });
  return [secret('rabbitmq', rabbitmqUrl), secret('redis', redisUrl)];
}
