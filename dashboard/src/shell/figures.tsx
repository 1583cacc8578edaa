import type { LiveState } from '@wscluster/controller/api';

interface Props {
  readonly state: LiveState;
  readonly movesPerSecond: number;
  readonly connection: string;
}

export function Figures({ state, movesPerSecond, connection }: Props) {
  const { status, ring, nodes, convergence } = state;
  const ready = status.conditions.find(({ type }) => type === 'Ready');
  const members = nodes.filter(({ ringId }) => ringId !== null);
  const left = Object.values(ring.remaining).reduce((sum, { slots }) => sum + slots, 0);
  return (
    <section aria-label="Overview">
      <p className={ready?.status === 'True' ? 'ready good' : 'ready bad'} role="status">
        <span className="word">{ready?.status === 'True' ? 'Ready' : (ready?.reason ?? 'Unknown')}</span>{' '}
        {ready?.message}
      </p>
      <dl className="figures">
        <Figure name="Revision" value={`${ring.revision.epoch}.${ring.revision.version}`} hint="epoch.version" />
        <Figure name="Nodes" value={`${status.nodes.ready} of ${status.nodes.desired}`} hint="ready of desired" />
        <Figure name="Gateways in sync" value={`${status.gateways.inSync} of ${status.gateways.ready}`} />
        <Figure name="Connections" value={status.connections.toLocaleString('en')} />
        <Figure name="Balance of slots" value={balance(members.map(({ slots }) => slots))} hint="peak / mean" />
        <Figure
          name="Balance of connections"
          value={balance(members.map(({ connections }) => connections))}
          hint="peak / mean"
        />
        <Figure name="Moves per second" value={movesPerSecond.toFixed(1)} />
        <Figure name="Slots left to move" value={left.toLocaleString('en')} />
        <Figure
          name="Last convergence"
          value={convergence === null ? '–' : `${convergence.moved} moved in ${duration(convergence.ms)}`}
          hint={convergence === null ? 'none yet' : new Date(convergence.at).toLocaleTimeString()}
        />
        <Figure name="Live data" value={connection} />
      </dl>
    </section>
  );
}

function Figure({ name, value, hint }: { readonly name: string; readonly value: string; readonly hint?: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        {value} {hint !== undefined && <small>{hint}</small>}
      </dd>
    </div>
  );
}

function balance(loads: readonly number[]): string {
  const sum = loads.reduce((total, load) => total + load, 0);
  return sum === 0 ? '–' : ((Math.max(...loads) * loads.length) / sum).toFixed(3);
}

function duration(ms: number): string {
  return ms < 10_000 ? `${ms} ms` : `${(ms / 1000).toFixed(1)} s`;
}
