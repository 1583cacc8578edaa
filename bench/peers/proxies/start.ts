import type { Programs } from '../needs.ts';
import { startHaproxy } from './haproxy.ts';
import { startNginx } from './nginx.ts';
import { startHttpProxy3, startHttpxy, startWsRelay } from './node-peers.ts';
import type { ProxyName, ProxyOptions, RunningProxy } from './proxy.ts';
import { startWscluster } from './wscluster.ts';

export function start(name: ProxyName, programs: Programs, options: ProxyOptions): Promise<RunningProxy> {
  switch (name) {
    case 'wscluster':
      return startWscluster(programs.gateway, options);
    case 'haproxy':
      return startHaproxy(options);
    case 'nginx':
      return startNginx(options);
    case 'http-proxy-3':
      return startHttpProxy3(options);
    case 'httpxy':
      return startHttpxy(options);
    case 'ws relay':
      return startWsRelay(options);
  }
}
