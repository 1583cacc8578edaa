/** What a group of tests needs beside Node and npm; see needs.ts for how each is provided. */
export type Need =
  | 'programs'
  | 'browser'
  | 'python'
  | 'go'
  | 'maven'
  | 'recipes'
  | 'backends'
  | 'dashboard'
  | 'brokers'
  | 'nacos'
  | 'images'
  | 'compose'
  | 'kubernetes';

/**
 * The groups of a lane run one after the other, in the order of the list below. The lanes `engine` and `node` have
 * those that need the machine's one Docker engine, and its one Kubernetes node (beside the engine only while it
 * builds the images). `alone` has those that measure rates, or times that users rely on, one file at a time: anything
 * beside them would disturb the figures.
 */
export type Lane = 'quick' | 'systems' | 'start' | 'browser' | 'servers' | 'outages' | 'engine' | 'node' | 'alone';

/** One stage is over before the next one begins. As many of its lanes as the machine allows run at a time, in order. */
export const STAGES: readonly (readonly Lane[])[] = [
  ['quick'],
  ['systems', 'start', 'browser'],
  ['engine', 'servers', 'node', 'outages'],
  ['alone'],
];

export interface Group {
  readonly name: string;
  readonly lane: Lane;
  /** Globs from the root of the repository. */
  readonly include: readonly string[];
  /** Test files that run at a time. */
  readonly workers: number;
  /** Empty or only `programs`: runs anywhere, without root and without a server. */
  readonly needs: readonly Need[];
  /** One Redis, RabbitMQ and, if needed, Nacos run for all files: these break none, and have clusters of their own. */
  readonly sharesBrokers?: true;
  /** Folders that hold all that these tests test. Once they have passed, they run again only when it changes. */
  readonly unchanged?: readonly string[];
}

/** In the order in which a lane runs them. Each test file belongs to exactly one group. */
export const GROUPS: readonly Group[] = [
  {
    name: 'unit',
    lane: 'quick',
    include: ['*/src/**/*.test.ts', '{chaos,fuzz}/**/*.test.ts', 'test/run/*.test.ts'],
    workers: 8,
    needs: [],
  },
  {
    name: 'embedded',
    lane: 'systems',
    include: [
      'test/contracts/{bundles,file-*,generated-docs,import-rule,local-*,no-registry,tcp-relay}.test.ts',
      'test/e2e/!(library|migrate-kinds|npm-start|other-languages|pace|packages|readme|real-clients|real-servers).test.ts',
      'test/gateway/!(attacks|floods|soak).test.ts',
    ],
    workers: 4,
    needs: ['programs'],
  },
  {
    // As users start it: from the TypeScript, or as the packages have it.
    name: 'start',
    lane: 'start',
    include: ['test/e2e/{library,npm-start,packages,readme}.test.ts'],
    workers: 1,
    needs: [],
  },
  {
    name: 'browser',
    lane: 'browser',
    include: ['test/dashboard/!(pace).test.ts', 'test/e2e/real-{clients,servers}.test.ts'],
    workers: 1,
    needs: ['programs', 'browser', 'python', 'dashboard'],
  },
  {
    name: 'recipes',
    lane: 'servers',
    include: ['test/recipes/*.test.ts'],
    workers: 2,
    needs: ['programs', 'browser', 'brokers', 'recipes'],
  },
  {
    name: 'brokers',
    lane: 'servers',
    include: [
      'test/contracts/{amqp,redis}-!(bus-outages|leadership|store-outages).test.ts',
      'test/brokers/{bad-input,library,rotation,single-writer}.test.ts',
    ],
    workers: 2,
    needs: ['programs', 'brokers'],
    sharesBrokers: true,
  },
  {
    name: 'nacos',
    lane: 'servers',
    include: ['test/contracts/nacos-*.test.ts', 'test/brokers/outages.test.ts'],
    workers: 1,
    needs: ['programs', 'brokers', 'nacos'],
  },
  {
    // They end and block servers, so each file has its own.
    name: 'outages',
    lane: 'outages',
    include: ['test/brokers/{bus-away,old-snapshot,store-away}.test.ts'],
    workers: 1,
    needs: ['programs', 'brokers'],
  },
  {
    name: 'kubernetes-api',
    lane: 'outages',
    include: [
      'test/contracts/{kubernetes-source-states,kubernetes-informer}.test.ts',
      'test/kubernetes/!(cluster|operations|scale).test.ts',
    ],
    workers: 1,
    needs: ['programs', 'brokers', 'kubernetes'],
    sharesBrokers: true,
  },
  {
    name: 'languages',
    lane: 'outages',
    include: ['test/e2e/{migrate-kinds,other-languages}.test.ts'],
    workers: 1,
    needs: ['programs', 'browser', 'python', 'go', 'maven', 'backends'],
  },
  {
    name: 'testbed-servers',
    lane: 'servers',
    include: ['test/testbed/!(docker-engine|kubernetes).test.ts'],
    workers: 1,
    needs: ['programs', 'brokers', 'nacos'],
    unchanged: ['testbed', 'test/testbed'],
  },
  {
    name: 'docker',
    lane: 'engine',
    include: ['test/contracts/docker-*.test.ts', 'test/docker/*.test.ts'],
    workers: 1,
    needs: ['programs', 'brokers', 'nacos', 'images'],
    sharesBrokers: true,
  },
  {
    name: 'compose',
    lane: 'engine',
    include: ['test/compose/*.test.ts'],
    workers: 1,
    needs: ['programs', 'browser', 'recipes', 'dashboard', 'images', 'compose'],
  },
  {
    name: 'kubernetes',
    lane: 'node',
    include: ['test/contracts/kubernetes-source.test.ts', 'test/kubernetes/{cluster,operations}.test.ts'],
    workers: 1,
    needs: ['programs', 'browser', 'recipes', 'dashboard', 'brokers', 'images', 'kubernetes'],
  },
  {
    name: 'testbed',
    lane: 'alone',
    include: ['test/testbed/{docker-engine,kubernetes}.test.ts'],
    workers: 1,
    needs: ['programs', 'images', 'compose', 'kubernetes'],
    unchanged: ['testbed', 'test/testbed'],
  },
  {
    name: 'rates',
    lane: 'alone',
    include: ['test/{dashboard,e2e}/pace.test.ts', 'test/gateway/{attacks,floods,soak}.test.ts'],
    workers: 1,
    needs: ['programs', 'browser', 'dashboard'],
  },
  {
    name: 'bounds',
    lane: 'alone',
    include: [
      'test/brokers/failover.test.ts',
      'test/contracts/{amqp-bus-outages,lease-leadership,redis-leadership,redis-store-outages}.test.ts',
      'test/kubernetes/scale.test.ts',
    ],
    workers: 1,
    needs: ['programs', 'brokers', 'kubernetes'],
    sharesBrokers: true,
  },
];
