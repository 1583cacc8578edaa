import { hostname } from 'node:os';
import { WsClusterError } from '@wscluster/ring';
import type { Logger } from '@wscluster/service';
import { forgetCluster, openTransport } from '@wscluster/transport';
import { keptRing } from '../adapters/kept-ring.ts';
import type { Candidate } from '../core/loop/candidate.ts';
import type { RunMeter } from '../core/loop/run-meter.ts';
import type { Leadership } from '../core/ports/leadership.ts';
import { openLeadership } from '../core/term/lock-leadership.ts';
import { connectKubernetes } from '../kubernetes/client/kube.ts';
import { openLeaseLock } from '../kubernetes/lease/lease-lock.ts';
import { sharedLeadership } from '../kubernetes/lease/shared-leadership.ts';
import { EventWriter } from '../kubernetes/operator/event-writer.ts';
import { Operator } from '../kubernetes/operator/operator.ts';
import type { Servers } from '../kubernetes/operator/servers.ts';
import { nacosCredentials, openNacos } from './registry.ts';
import type { Options, ServedClusters } from './served-clusters.ts';

/** Clusters that WsCluster resources declare. Throws CONFIG_INVALID if the API server is not configured. */
export function kubernetesClusters(options: Options, log: Logger, meter: RunMeter): ServedClusters {
  const kube = connectKubernetes({ kubeconfig: options.kubeconfig, log });
  const namespace = options.leaseNamespace ?? kube.namespace;
  if (namespace === undefined)
    throw new WsClusterError(
      'CONFIG_INVALID',
      '--lease-namespace: is required, since neither pod nor kubeconfig names one',
      { field: 'leaseNamespace' },
    );
  const clusters: Candidate[] = [];
  let lease: Leadership | undefined;
  let operator: Operator | undefined;
  return {
    clusters,
    locks: () => [{ name: options.leaseName, leading: lease?.leading ?? false }],
    notReady: () => (operator === undefined ? 'starting' : operator.notReady),
    async start(self) {
      const identity = hostname();
      lease = openLeadership(openLeaseLock({ kube, namespace, name: options.leaseName, identity, url: self }), log);
      const shared = sharedLeadership(lease);
      operator = new Operator({
        ...{ kube, log, self, clusters, meter, lead: lease },
        leadershipOf: () => shared.view(),
        namespace: options.namespace,
        events: new EventWriter(kube, identity, log),
        servers: serversBy(options, log),
        gatewayImage: options.gatewayImage,
      });
    },
    async stop() {
      await operator?.close();
      await lease?.close();
      kube.close();
    },
  };
}

function serversBy(options: Options, log: Logger): Servers {
  return {
    transportOf(cluster) {
      const ring = keptRing();
      return ({ rabbitmqUrl, redisUrl }) => {
        const transport = openTransport({ rabbitmqUrl, redisUrl, stateDir: options.stateDir, cluster, log });
        return { openHub: transport.openHub, openStore: () => ring.wrap(transport.openStore()) };
      };
    },
    openRegistry: ({ credentials, ...request }) =>
      openNacos({
        ...{ ...request, options, log },
        credentials: credentials === 'own' ? nacosCredentials(options) : credentials,
      }),
    forget: (cluster, urls) => forgetCluster({ ...urls, cluster, log }),
  };
}
