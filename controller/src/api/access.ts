import { timingSafeEqual } from 'node:crypto';
import { BlockList, isIP } from 'node:net';
import { WsClusterError } from '@wscluster/ring';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

export function isLoopback(host: string): boolean {
  if (host === 'localhost') return true;
  const family = isIP(host);
  return family !== 0 && loopback.check(host, family === 4 ? 'ipv4' : 'ipv6');
}

export interface RequestOrigin {
  readonly authorization: string | undefined;
  readonly host: string | undefined;
  readonly origin: string | undefined;
}

/**
 * Access to the API. With a token: whoever presents it (`Authorization: Bearer`). Without: programs on this machine,
 * but no page of another site in its browser, which would come with a foreign Host (DNS rebinding) or Origin. Throws
 * UNAUTHORIZED.
 */
export function checkAccess(request: RequestOrigin, token: string | undefined): void {
  if (token !== undefined) {
    const given = /^Bearer (.+)$/i.exec(request.authorization ?? '')?.[1] ?? '';
    if (sameText(given, token)) return;
    throw new WsClusterError('UNAUTHORIZED', 'the API needs its token: Authorization: Bearer <token>', {
      field: 'authorization',
    });
  }
  const hostname = (request.host ?? '').replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
  if (!isLoopback(hostname))
    throw new WsClusterError('UNAUTHORIZED', 'without a token the API only answers requests to localhost', {
      field: 'host',
    });
  if (request.origin !== undefined && request.origin !== `http://${request.host}`)
    throw new WsClusterError('UNAUTHORIZED', 'without a token the API does not answer pages of other sites', {
      field: 'origin',
    });
}

function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
