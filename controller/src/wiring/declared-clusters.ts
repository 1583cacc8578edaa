import { join, resolve } from 'node:path';
import { WsClusterError } from '@wscluster/ring';
import type { LiveText, Logger, StateLock } from '@wscluster/service';
import { brokersOf, openTransport } from '@wscluster/transport';
import { DRAINS_DOCUMENT, drainMarks } from '../adapters/docker/drain-marks.ts';
import type { DockerNodeSettings } from '../adapters/docker/settings.ts';
import { type KeptDocuments, keptDocuments, writtenByLeader } from '../adapters/kept-documents.ts';
import { type KeptRing, keptRing } from '../adapters/kept-ring.ts';
import { alwaysLeader } from '../adapters/local/always-leader.ts';
import { lockClusterState } from '../adapters/local/cluster-state-lock.ts';
import { openFileDocuments } from '../adapters/local/documents.ts';
import { openLocalSource } from '../adapters/local/source.ts';
import { openRedisDocuments } from '../adapters/redis/documents.ts';
import { openRedisLock } from '../adapters/redis/lock.ts';
import { Candidate } from '../core/loop/candidate.ts';
import { viewOfStandby } from '../core/loop/last-view.ts';
import { Reign } from '../core/loop/reign.ts';
import type { RunMeter } from '../core/loop/run-meter.ts';
import type { ClusterView } from '../core/loop/view.ts';
import type { NodeSettings, SourceHandlers, WorkloadSource } from '../core/ports/workload-source.ts';
import { type DeclaredCluster, loadClusters } from '../core/spec/load.ts';
import type { NodesSpec } from '../core/spec/nodes-schema.ts';
import { readinessRule } from '../core/spec/readiness-schema.ts';
import { servableIn } from '../core/spec/servable.ts';
import { openSpecStore, SPEC_DOCUMENT, type SpecStore, storedSpec } from '../core/spec/spec-store.ts';
import { openLeadership } from '../core/term/lock-leadership.ts';
import { watchForNewerDocuments } from './newest-documents.ts';
import { nodeOutput } from './node-output.ts';
import { nacosCredentials, openNacos } from './registry.ts';
import type { Options, ServedClusters } from './served-clusters.ts';

/** All documents. */
const DOCUMENTS = [SPEC_DOCUMENT, DRAINS_DOCUMENT];

/** Clusters that files declare; their nodes are local processes or containers. Throws CONFIG_INVALID. */
export function declaredClusters(options: Options, log: Logger, meter: RunMeter): ServedClusters {
  const { cluster: path } = options;
  if (path === undefined)
    throw new WsClusterError('CONFIG_INVALID', '--cluster: must name a file or folder', { field: 'cluster' });
  const declared = loadClusters(path);
  for (const cluster of declared) checkServable(cluster, options);
  const clusters: Candidate[] = [];
  const stateLocks: StateLock[] = [];
  return {
    clusters,
    // One lock per cluster.
    locks: () => clusters.map(({ name, leading }) => ({ name, leading })),
    notReady: () =>
      clusters.length < declared.length
        ? 'starting'
        : clusters.map((cluster) => cluster.notReady).find((reason) => reason !== undefined),
    async start(self) {
      // All of them before the first node starts. With brokers, their lock decides who leads.
      if (brokersOf(options) === undefined)
        for (const { cluster } of declared)
          stateLocks.push(await lockClusterState(options.stateDir, cluster.metadata.name));
      for (const cluster of declared) clusters.push(candidate(cluster, options, self, log, meter));
      await Promise.all(clusters.map((cluster) => cluster.start()));
    },
    async stop() {
      await Promise.all(clusters.map((cluster) => cluster.stop({ endNodes: options.stopNodes })));
      for (const lock of stateLocks) lock.release();
    },
  };
}

function candidate(declared: DeclaredCluster, options: Options, self: string, log: Logger, meter: RunMeter): Candidate {
  const { name } = declared.cluster.metadata;
  const brokers = brokersOf(options);
  const documents = keptDocuments(
    brokers === undefined
      ? openFileDocuments(join(options.stateDir, name))
      : openRedisDocuments({ url: brokers.redisUrl, cluster: name, log }),
  );
  const ring = keptRing();
  const transport = openTransport({ ...options, cluster: name, log });
  const watched = transport.openStore();
  let readAt: Date | undefined;
  /** Made for who asks: it takes decoding a ring. */
  let standbyView: ClusterView | undefined;
  const made: Candidate = new Candidate({
    name,
    log,
    self,
    alone: brokers === undefined,
    leadership:
      brokers === undefined
        ? alwaysLeader()
        : openLeadership(
            openRedisLock({ url: brokers.redisUrl, cluster: name, self, leaseDurationMs: options.lockMs, log }),
            log,
          ),
    async begin(leadership) {
      const written = writtenByLeader(documents, { leading: () => leadership.leading });
      if (brokers !== undefined) await documents.gather(DOCUMENTS);
      const spec = await openSpecStore(written, declared);
      const reign = await Reign.begin({
        name,
        spec,
        leadership,
        log,
        meter,
        store: ring.wrap(transport.openStore()),
        openBus: (handlers) => transport.openHub(handlers),
        openSource: (handlers) => openSource(options, declared, spec, written, log, handlers),
        openRegistry: async () => {
          const { nacos } = spec.spec.registry;
          const credentials = nacosCredentials(options);
          return nacos && openNacos({ options, nacos, service: name, owner: name, credentials, log });
        },
        restoreDocuments: () => written.restore(),
      });
      const unwatch = watchForNewerDocuments({
        ...{ documents: written, names: DOCUMENTS, cluster: name, log },
        onNewer: () => made.restart(),
      });
      return { reign, close: async () => unwatch() };
    },
    async standBy() {
      await Promise.all([documents.keep(DOCUMENTS), ring.keep(watched)]);
      readAt = new Date();
      standbyView = undefined;
    },
    // Without brokers nobody else leads, and what is stored is not the state of a cluster that has not started.
    ...(brokers !== undefined && { known: () => (standbyView ??= readBefore(declared, documents, ring, readAt)) }),
    async close() {
      await Promise.all([documents.close(), watched.close()]);
    },
  });
  return made;
}

function readBefore(
  declared: DeclaredCluster,
  documents: KeptDocuments,
  { newest }: KeptRing,
  at: Date | undefined,
): ClusterView | undefined {
  if (newest === undefined || at === undefined) return undefined;
  try {
    const stored = storedSpec(documents.last(SPEC_DOCUMENT), declared);
    return stored && viewOfStandby({ ...stored, ring: newest, at });
  } catch {
    // Who takes the lead says what is wrong with it.
    return undefined;
  }
}

async function openSource(
  options: Options,
  declared: DeclaredCluster,
  spec: SpecStore,
  documents: KeptDocuments,
  log: Logger,
  handlers: SourceHandlers,
): Promise<WorkloadSource> {
  const cluster = declared.cluster.metadata.name;
  if (options.source === 'local')
    return openLocalSource(
      {
        directory: join(options.stateDir, cluster, 'nodes'),
        settings: () => localSettings(spec.spec.nodes, declared.folder),
        env: { ...followerEnvironment(options, cluster, byFile), WSCLUSTER_STATE_DIR: resolve(options.stateDir) },
        sampleCommand: [process.execPath, options.sampleNode],
        onOutput: nodeOutput(log),
        log,
      },
      handlers,
    );
  // Imported only if needed: it takes a quarter of a controller's start time.
  const { openDockerSource, publishedHostOf } = await import('../adapters/docker/source.ts');
  const { dockerHost: host, dockerTlsVerify: tlsVerify, dockerCertPath: certPath } = options;
  return openDockerSource(
    {
      connection: { host, tlsVerify, ...(certPath !== undefined && { certPath }) },
      cluster,
      settings: () => dockerSettings(options, cluster, spec.spec.nodes, publishedHostOf(host)),
      drains: drainMarks(documents),
      log,
    },
    handlers,
  );
}

function localSettings(nodes: NodesSpec, folder: string): NodeSettings {
  const { drainSeconds, command, env, workingDirectory = '.', startSeconds, readiness } = nodes;
  return {
    ...{ drainSeconds, command, env, startSeconds },
    workingDirectory: resolve(folder, workingDirectory),
    readiness: readinessRule(readiness),
  };
}

function dockerSettings(options: Options, cluster: string, nodes: NodesSpec, engineHost: string): DockerNodeSettings {
  const { image, command, network, port, addressFrom, drainSeconds, env, readiness, readinessPath } = nodes;
  return {
    selector: nodes.selector?.matchLabels ?? { 'wscluster.io/cluster': cluster },
    publishedHost: nodes.publishedHost ?? engineHost,
    ...{ port, addressFrom, drainSeconds, readiness: readinessRule(readiness, readinessPath) },
    // Without brokers there is only the local bus, which containers cannot reach, so they cannot follow the ring.
    env: { ...(brokersOf(options) && nodes.followRing && followerEnvironment(options, cluster, byValue)), ...env },
    ...(image !== undefined && { image }),
    ...(command !== undefined && { command }),
    ...(network !== undefined && { network }),
  };
}

/** The variables with which a node that uses the library follows the ring. */
function followerEnvironment(
  { rabbitmqUrl, redisUrl }: Options,
  cluster: string,
  given: (variable: string, url: LiveText | undefined) => Record<string, string>,
): Record<string, string> {
  return {
    WSCLUSTER_CLUSTER: cluster,
    ...given('WSCLUSTER_RABBITMQ_URL', rabbitmqUrl),
    ...given('WSCLUSTER_REDIS_URL', redisUrl),
  };
}

function byValue(variable: string, url: LiveText | undefined): Record<string, string> {
  return url === undefined ? {} : { [variable]: url.value };
}

/** A process on this machine can watch the file itself. */
function byFile(variable: string, url: LiveText | undefined): Record<string, string> {
  return url?.file === undefined ? byValue(variable, url) : { [`${variable}_FILE`]: resolve(url.file) };
}

/** What the schema cannot know: whether this controller can do what the file asks for. Throws CONFIG_INVALID. */
function checkServable({ cluster, given }: DeclaredCluster, options: Options): void {
  const { name } = cluster.metadata;
  servableIn(options.source, cluster, given);
  const { nodes, registry } = cluster.spec;
  const refuse = (field: string, message: string) => {
    throw new WsClusterError('CONFIG_INVALID', `cluster ${name}: ${field}: ${message}`, { field });
  };
  if (registry.nacos !== undefined && registry.nacos.servers === undefined && options.nacosServers === undefined)
    refuse('spec.registry.nacos.servers', 'is required, or --nacos-servers for all clusters');
  if (options.source === 'docker' && nodes.image === undefined && (nodes.replicas ?? 0) > 0)
    refuse(
      'spec.nodes.image',
      `is required for ${nodes.replicas} managed nodes; set replicas to 0 to bring your own nodes`,
    );
}
