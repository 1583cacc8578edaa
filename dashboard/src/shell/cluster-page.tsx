import { memo, useEffect, useState, useSyncExternalStore } from 'react';
import type { ClusterApi } from '../api/client.ts';
import { ChartsPanel } from '../charts/charts-panel.tsx';
import { ClientPool } from '../clients/client-pool.ts';
import { ClientsPanel } from '../clients/clients-panel.tsx';
import { LiveCluster } from '../live/live-cluster.ts';
import { GatewaysTable } from '../nodes/gateways-table.tsx';
import { LinksList } from '../nodes/links-list.tsx';
import { NodesPanel } from '../nodes/nodes-panel.tsx';
import { RingPanel } from '../ring/ring-panel.tsx';
import { Timeline } from '../timeline/timeline.tsx';
import { Figures } from './figures.tsx';
import { Notice } from './notice.tsx';

interface Props {
  readonly api: ClusterApi;
  onUnauthorized(): void;
}

/** One cluster, followed while this is shown. */
export const ClusterPage = memo(function ClusterPage({ api, onUnauthorized }: Props) {
  const [parts, setParts] = useState<{ live: LiveCluster; pool: ClientPool }>();
  // biome-ignore lint/correctness/useExhaustiveDependencies: another cluster is another ClusterPage, by its key.
  useEffect(() => {
    const opened = { live: new LiveCluster(api), pool: new ClientPool() };
    setParts(opened);
    return () => {
      opened.live.close();
      opened.pool.close();
    };
  }, []);
  return parts === undefined ? null : <Followed api={api} onUnauthorized={onUnauthorized} {...parts} />;
});

function Followed({ api, onUnauthorized, live, pool }: Props & { live: LiveCluster; pool: ClientPool }) {
  const { connection, problem, state, nodes, movesPerSecond, events } = useSyncExternalStore(
    live.subscribe,
    live.snapshot,
  );
  const unauthorized = problem?.status === 401;
  useEffect(() => {
    if (unauthorized) onUnauthorized();
  }, [unauthorized, onUnauthorized]);

  if (state === undefined)
    return problem === undefined ? (
      <Notice title="Waiting for the cluster ..." />
    ) : (
      <Notice title="The cluster cannot be shown" alert>
        {problem.message}. Retrying every second.
      </Notice>
    );
  return (
    <>
      {connection === 'lost' && (
        <Notice title="The connection to the controller is lost" alert>
          This is the last known state; routing continues. {problem?.message}. Retrying every second.
        </Notice>
      )}
      <Figures state={state} movesPerSecond={movesPerSecond} connection={connection} />
      <ChartsPanel live={live} />
      <div className="columns">
        <RingPanel api={api} state={state} />
        <div>
          <NodesPanel api={api} nodes={nodes} connections={state.status.connections} />
          <GatewaysTable gateways={state.gateways} />
          <LinksList links={state.links} />
        </div>
      </div>
      <ClientsPanel api={api} pool={pool} state={state} />
      <Timeline events={events} />
    </>
  );
}
