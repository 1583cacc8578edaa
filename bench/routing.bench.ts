import { compileRoutes, type Route } from '@wscluster/ring';
import { atMost, type BenchResult, median } from './result.ts';
import { compileTemplates } from './routing-peer.ts';

const REQUESTS = 50_000;
const ROUNDS = 21;
const LIMIT_US = 1;
const HEADERS = [
  'Host',
  'chat.example',
  'User-Agent',
  'bench',
  'Cookie',
  'theme=dark; wsc=0123456789abcdefghijkl',
  'Origin',
  'x',
];

/** As many as a cluster may have, half of them with the key in the path and half in the query. */
const TEMPLATES = Array.from(
  { length: 64 },
  (_, i): Route =>
    i % 2 === 0
      ? { path: `/service-${i}/rooms/{room}/users/{user}`, key: { param: 'room' } }
      : { path: `/service-${i}/send`, key: { query: 'userId' } },
);
const URLS = TEMPLATES.map((_, i) =>
  i % 2 === 0 ? `/service-${i}/rooms/room-${i}/users/ada?x=1` : `/service-${i}/send?x=1&userId=user-${i}`,
);

/** As many of all kinds, so that each request passes what does not serve it. */
const MIXED = Array.from({ length: 16 }, (_, i): Route[] => [
  {
    path: `/service-${i}/files/{rest...}`,
    methods: ['POST'],
    key: { param: 'rest' },
    rewrite: { prefix: `/service-${i}` },
  },
  { path: `/service-${i}/files/{rest...}`, key: { first: [{ query: 'userId' }, { cookie: 'wsc', generate: {} }] } },
  { path: `/service-${i}/{tenant}/{doc}`, key: { all: [{ param: 'tenant' }, { param: 'doc' }] } },
  { prefix: `/service-${i}`, key: { none: true } },
]).flat();
const MIXED_URLS = Array.from({ length: 16 }, (_, i) => [
  `/service-${i}/files/a/b/c?x=1`,
  `/service-${i}/files/a?userId=ada`,
  `/service-${i}/acme/doc-${i}`,
  `/service-${i}/assets/css/main.css`,
]).flat();

/** Microseconds that a request takes, the median of several rounds that take turns. */
export async function run(): Promise<BenchResult[]> {
  const peer = compileTemplates(TEMPLATES);
  const [same, mixed] = [compileRoutes(TEMPLATES), compileRoutes(MIXED)];
  const runs = [
    () => time(URLS, peer),
    () => time(URLS, (url) => same.route({ url, method: 'GET', rawHeaders: HEADERS }, 'http')),
    () => time(MIXED_URLS, (url) => mixed.route({ url, method: 'GET', rawHeaders: HEADERS }, 'http')),
  ];
  const times: number[][] = runs.map(() => []);
  for (let round = 0; round < ROUNDS; round++) for (const [i, once] of runs.entries()) times[i]?.push(once());
  const [before = 0, now = 0, all = 0] = times.map((list) => median(list));
  const detail = (us: number) => `${us.toFixed(2)} us a request, ${before.toFixed(2)} us by templates alone`;
  return [
    atMost('gateway: routing by 64 templates, beyond templates alone', now - before, LIMIT_US, 'us', detail(now)),
    atMost(
      'gateway: routing by 64 routes of all kinds, beyond templates alone',
      all - before,
      LIMIT_US,
      'us',
      detail(all),
    ),
  ];
}

function time(urls: readonly string[], route: (url: string) => unknown): number {
  const from = performance.now();
  for (let i = 0; i < REQUESTS; i++) route(urls[i % urls.length] as string);
  return ((performance.now() - from) * 1_000) / REQUESTS;
}
