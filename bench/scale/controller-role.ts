import { compareRevisions, type Revision } from '@wscluster/ring';
import { createLogger } from '@wscluster/service';
import { openTransport } from '@wscluster/transport';
import { openRedisDocuments } from '../../controller/src/adapters/redis/documents.ts';
import { openRedisLock } from '../../controller/src/adapters/redis/lock.ts';
import { createMetrics } from '../../controller/src/api/metrics.ts';
import { ReconcileMetrics } from '../../controller/src/api/reconcile-metrics.ts';
import { startApi } from '../../controller/src/api/server.ts';
import { Candidate } from '../../controller/src/core/loop/candidate.ts';
import { Reign } from '../../controller/src/core/loop/reign.ts';
import { parseCluster } from '../../controller/src/core/spec/load.ts';
import { openSpecStore } from '../../controller/src/core/spec/spec-store.ts';
import { openLeadership } from '../../controller/src/core/term/lock-leadership.ts';
import { Acknowledgements } from './acknowledgements.ts';
import type { ControllerHears, ControllerSays } from './messages.ts';
import { NodeList } from './node-list.ts';
import { CLUSTER, SIZE } from './size.ts';

// A controller as app.ts starts it, of one cluster, whose nodes are a list instead of processes.

const [rabbitmqUrl = '', redisUrl = ''] = process.argv.slice(2);
const say = (message: ControllerSays) => process.send?.(message);
const declared = parseCluster(
  `{ apiVersion: wscluster.io/v1alpha1, kind: WsCluster, metadata: { name: ${CLUSTER} },
     spec: { nodes: { replicas: 0 }, routing: { routes: [{ path: "/connect/{userId}", key: { param: userId } }] } } }`,
  'the benchmark',
);

let nodes: NodeList | undefined;
let reports = 0;
const acknowledgements = new Acknowledgements(SIZE.gateways);
/** The last change of the nodes, until the last gateway has acknowledged the first ring without or with the node. */
let pending: { at: number; published?: { at: number; revision: Revision } } | undefined;

const log = createLogger('controller', {}, { write: (line) => notePublished(line) });

function notePublished(line: string): void {
  const { event, revision, members } = JSON.parse(line) as { event: string; revision: string; members: number };
  if (event !== 'ring-published' || pending === undefined || pending.published !== undefined) return;
  if (members !== nodes?.count) return;
  const [epoch = 0, version = 0] = revision.split('.').map(Number);
  pending.published = { at: performance.now(), revision: { epoch, version } };
}

function noteAcknowledged(): void {
  const { at, published } = pending ?? {};
  if (at === undefined || published === undefined) return;
  if (compareRevisions(acknowledgements.all, published.revision) < 0) return;
  pending = undefined;
  say({ say: 'followed', publishedMs: published.at - at, acknowledgedMs: performance.now() - at });
}

const transport = openTransport({ cluster: CLUSTER, stateDir: '.', log, rabbitmqUrl, redisUrl });
const documents = openRedisDocuments({ url: redisUrl, cluster: CLUSTER, log });
const meter = new ReconcileMetrics();
const self = 'http://127.0.0.1';
const lock = openRedisLock({ url: redisUrl, cluster: CLUSTER, self, leaseDurationMs: 10_000, log });
const candidate = new Candidate({
  ...{ name: CLUSTER, log, self, alone: false, leadership: openLeadership(lock, log) },
  async begin(leadership) {
    const reign = await Reign.begin({
      ...{ name: CLUSTER, leadership, log, meter, store: transport.openStore() },
      spec: await openSpecStore(documents, declared),
      openBus: (handlers) =>
        transport.openHub({
          onUplink(message) {
            handlers.onUplink(message);
            if (!('applied' in message)) return;
            reports++;
            acknowledgements.take(message.gateway, message.applied);
            noteAcknowledged();
          },
        }),
      async openSource(handlers) {
        nodes = new NodeList(SIZE.nodes, handlers);
        return nodes;
      },
      openRegistry: async () => undefined,
      restoreDocuments: async () => {},
    });
    return { reign };
  },
  standBy: async () => {},
  close: () => documents.close(),
});

createMetrics({ clusters: [candidate], reconciles: meter, locks: () => [candidate] });
const notReady = () => candidate.notReady;
const listen = { host: '127.0.0.1', port: 0 };
const api = await startApi({ listen, token: undefined, clusters: [candidate], notReady, log });
await candidate.start();
say({ say: 'listens', api: api.port });

process.on('message', (message: ControllerHears) => {
  if (message.say === 'count') say({ say: 'reports', count: reports });
  else {
    pending = { at: performance.now() };
    nodes?.change(message.last);
  }
});
process.on('disconnect', () => process.exit(0));
