import type { IncomingMessage } from 'node:http';
import { expect, it } from 'vitest';
import { normalizeTarget } from './target.ts';

/** A request as Node hands it over, and what has become of it. */
function normalized(url: string, hosts: readonly string[], httpVersionMinor = 1): { url: string; hosts: string[] } {
  const rawHeaders = hosts.flatMap((host, i) => [i % 2 === 0 ? 'Host' : 'hOST', host]);
  const req = { url, rawHeaders, httpVersionMinor, headers: {} as Record<string, string> };
  normalizeTarget(req as unknown as IncomingMessage);
  const left = req.rawHeaders.filter((_, i) => i % 2 === 1);
  expect(req.headers.host).toBe(left[0]);
  return { url: req.url, hosts: left };
}

it.each([
  ['/a?b=http://c', ['chat.example'], '/a?b=http://c', 'chat.example'],
  ['/a', ['chat.example:7000'], '/a', 'chat.example:7000'],
  ['/a', ['[2001:db8::1]:80'], '/a', '[2001:db8::1]:80'],
  ['/a', [''], '/a', ''],
  ['http://chat.example/a?b', ['other'], '/a?b', 'chat.example'],
  ['HTTPS://chat.example:1', [''], '/', 'chat.example:1'],
  ['http://chat.example?b', ['x'], '/?b', 'chat.example'],
  ['*', ['x'], '*', 'x'],
])('%s with Host %j is %s on %s', (url, hosts, path, host) => {
  expect(normalized(url, hosts)).toEqual({ url: path, hosts: [host] });
});

it('a request in HTTP/1.0 need not have a Host', () => {
  expect(normalized('/a', [], 0)).toEqual({ url: '/a', hosts: [''] });
});

it.each([
  ['/a', []],
  ['/a', ['x', 'x']],
  ['/a', ['x', 'y']],
  ['/a', ['x y']],
  ['/a', ['x,y']],
  ['/a', ['x/y']],
  ['/a', ['http://x']],
  ['/a', ['ada@x']],
  ['/a', ['x:port']],
  ['/a', ['::1']],
  ['/a', ['x'.repeat(300)]],
  ['http:///a', ['x']],
  ['http://ada@x/a', ['x']],
  ['http://x\\y/a', ['x']],
])('%s with Host %j is refused', (url, hosts) => {
  const refusal = expect.objectContaining({ code: 'REQUEST_INVALID', field: 'host' });
  expect(() => normalized(url, hosts)).toThrow(refusal);
});
