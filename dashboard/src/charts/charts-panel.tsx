import { useMemo, useSyncExternalStore } from 'react';
import type { LiveCluster } from '../live/live-cluster.ts';
import { Chart } from './chart.tsx';
import { connectionLines, moveLines } from './chart-data.ts';

/** What happened in the last 15 minutes, as far as this page was open. */
export function ChartsPanel({ live }: { readonly live: LiveCluster }) {
  const view = useSyncExternalStore(live.subscribeHistory, live.history);
  const { times, connections, moves } = useMemo(
    () => ({
      times: view.samples.map(({ at }) => at),
      connections: connectionLines(view),
      moves: moveLines(view),
    }),
    [view],
  );
  return (
    <section aria-labelledby="charts">
      <h2 id="charts">Last 15 minutes</h2>
      <div className="charts">
        <Chart title="Connections by node" times={times} lines={connections} top={10} format={whole} />
        <Chart title="Moves a second" times={times} lines={moves} top={1} format={tenths} />
      </div>
    </section>
  );
}

function whole(value: number): string {
  return value.toLocaleString('en');
}

function tenths(value: number): string {
  return value.toFixed(1);
}
