import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ProxyOptions, type RunningProxy, startProxy } from './proxy.ts';

/** A node that refuses is left out at once, for all clients; otherwise one that died is looked at every second. */
const CHECK =
  'check inter 1s fall 1 rise 1 observe layer4 error-limit 1 on-error mark-down on-marked-down shutdown-sessions';

export function startHaproxy({ nodes }: ProxyOptions): Promise<RunningProxy> {
  return startProxy({
    name: 'haproxy',
    command: (port, folder) => {
      const file = join(folder, 'haproxy.cfg');
      writeFileSync(
        file,
        `global
  nbthread 1
  maxconn 9900
defaults
  mode http
  timeout connect 5s
  timeout client 1h
  timeout server 1h
  timeout tunnel 1h
  retries 3
  option redispatch 1
  option forwardfor
frontend clients
  bind 127.0.0.1:${port} backlog 4096
  default_backend nodes
backend nodes
  balance hash path
  hash-type consistent
${nodes.map((node) => `  server ${node.name} 127.0.0.1:${node.port} ${CHECK}`).join('\n')}
`,
      );
      return ['haproxy', '-db', '-f', file];
    },
  });
}
