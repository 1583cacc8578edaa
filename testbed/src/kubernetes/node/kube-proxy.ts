import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ServerProcess } from '../../process/server-process.ts';
import type { Access } from '../access.ts';
import type { Programs } from '../programs.ts';
import { NODE_ADDRESS, PODS } from './addresses.ts';
import type { Namespaces } from './namespaces.ts';

const HEALTH_PORT = 10256;

/** kube-proxy of a node, not started. It counts as started once its rules are written. */
export function nodeProxy(
  programs: Programs,
  folder: string,
  node: Namespaces,
  access: Access,
  url: string,
  name: string,
): ServerProcess {
  const own = join(folder, 'kube-proxy');
  mkdirSync(own);
  const flags = [
    `--kubeconfig=${access.kubeconfig('proxy', url, { token: access.tokenOf('proxy') })}`,
    ...[`--hostname-override=${name}`, `--cluster-cidr=${PODS}`, '--proxy-mode=iptables'],
    ...[`--healthz-bind-address=${NODE_ADDRESS}:${HEALTH_PORT}`, '--metrics-bind-address=127.0.0.1:10249'],
    // Belongs to the whole machine, or is refused to a network namespace.
    ...['--conntrack-max-per-core=0', '--oom-score-adj=0', '--iptables-localhost-nodeports=false'],
  ];
  return node.server({
    name: 'kube-proxy',
    address: `${NODE_ADDRESS}:${HEALTH_PORT}`,
    folder: own,
    command: [programs('kube-proxy'), ...flags],
    answers: () =>
      fetch(`http://${NODE_ADDRESS}:${HEALTH_PORT}/healthz`, {
        headers: { connection: 'close' },
        signal: AbortSignal.timeout(1000),
      }).then(
        async (answer) => (await answer.text()) !== '' && answer.ok,
        () => false,
      ),
  });
}
