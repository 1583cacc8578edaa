import { get } from 'node:http';

export type Readiness = 'ready' | 'draining' | 'unready';

/**
 * Asks a node's GET /readyz: 200 is ready, a body `draining` is draining; everything else, silence for `timeoutMs`
 * included, is unready.
 */
export function probeReadiness(address: string, timeoutMs: number): Promise<Readiness> {
  return new Promise((resolve) => {
    const request = get(`http://${address}/readyz`, { agent: false, signal: AbortSignal.timeout(timeoutMs) }, (res) => {
      let body = '';
      res.setEncoding('utf8');
      res.on('data', (chunk: string) => {
        if (body.length < 256) body += chunk;
      });
      res.on('end', () =>
        resolve(body.trim() === 'draining' ? 'draining' : res.statusCode === 200 ? 'ready' : 'unready'),
      );
      res.on('error', () => resolve('unready'));
    });
    request.on('error', () => resolve('unready'));
  });
}
