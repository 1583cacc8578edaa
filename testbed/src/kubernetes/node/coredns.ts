import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { digestOf } from '../../images/recipe.ts';
import { builtOnce } from '../../install/built.ts';
import { goBuild, goModule } from '../../install/go.ts';
import type { ServerProcess } from '../../process/server-process.ts';
import type { Access } from '../access.ts';
import { DNS_SERVICE, DOMAIN } from '../addresses.ts';
import { NODE_ADDRESS } from './addresses.ts';
import type { Namespaces } from './namespaces.ts';

/** As testbed/tools/coredns/go.mod has it. */
const VERSION = 'v1.14.7';

const READY_PORT = 8181;

/** Builds CoreDNS if it is missing. */
export async function builtCoredns(): Promise<string> {
  const recipe = digestOf(
    ...['main.go', 'go.mod'].map((file) => readFileSync(join(goModule('coredns'), file), 'utf8')),
  );
  const folder = await builtOnce(`coredns-${VERSION}-${recipe}`, `CoreDNS ${VERSION}`, (building) =>
    goBuild({ module: goModule('coredns'), package: '.', settings: {}, output: join(building, 'coredns') }),
  );
  return join(folder, 'coredns');
}

/** CoreDNS as a process of the node, not started. It counts as started once it knows the Services. */
export function nodeDns(program: string, folder: string, node: Namespaces, access: Access, url: string): ServerProcess {
  const own = join(folder, 'coredns');
  const config = join(own, 'Corefile');
  const ready = `http://${NODE_ADDRESS}:${READY_PORT}/ready`;
  mkdirSync(own);
  writeFileSync(
    config,
    `${DOMAIN}:53 in-addr.arpa:53 ip6.arpa:53 {
  bind ${NODE_ADDRESS}
  errors
  ready ${NODE_ADDRESS}:${READY_PORT}
  kubernetes {
    kubeconfig ${access.kubeconfig('dns', url, { token: access.tokenOf('dns') })}
    pods insecure
  }
}
# There are no other names in this world, and a refusal would not say so.
.:53 {
  bind ${NODE_ADDRESS}
  errors
  template ANY ANY {
    rcode NXDOMAIN
  }
}
`,
  );
  return node.server({
    name: 'coredns',
    address: `${NODE_ADDRESS}:53`,
    folder: own,
    command: [program, '-conf', config],
    answers: () =>
      fetch(ready, { headers: { connection: 'close' }, signal: AbortSignal.timeout(1000) }).then(
        async (answer) => (await answer.text()) !== '' && answer.ok,
        () => false,
      ),
  });
}

/** Its permissions, and the Service through which pods reach it. */
export const DNS_MANIFEST: readonly object[] = [
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: 'system:coredns' },
    rules: [
      { apiGroups: [''], resources: ['endpoints', 'services', 'pods', 'namespaces'], verbs: ['list', 'watch'] },
      { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list', 'watch'] },
    ],
  },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: 'system:coredns' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'system:coredns' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'system:coredns' }],
  },
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'kube-dns', namespace: 'kube-system' },
    spec: { clusterIP: DNS_SERVICE, ports: ports({ targetPort: 53 }) },
  },
  {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'kube-dns', namespace: 'kube-system', labels: { 'kubernetes.io/service-name': 'kube-dns' } },
    addressType: 'IPv4',
    ports: ports({}),
    endpoints: [{ addresses: [NODE_ADDRESS], conditions: { ready: true } }],
  },
];

function ports(more: object): object[] {
  return [
    { name: 'dns', protocol: 'UDP', port: 53, ...more },
    { name: 'dns-tcp', protocol: 'TCP', port: 53, ...more },
  ];
}
