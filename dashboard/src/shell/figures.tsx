import type { LiveState } from '@wscluster/controller/api';
import { amount } from '../amount.ts';

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
  const balanceOf = (name: 'slots' | 'connections') => balance(members.map((member) => member[name]));
  return (
    <section aria-label="Overview">
      <div className="headline">
        <p className={ready?.status === 'True' ? 'ready good' : 'ready bad'} role="status">
          <span className="word">{ready?.status === 'True' ? 'Ready' : (ready?.reason ?? 'Unknown')}</span>{' '}
          {ready?.message}
        </p>
        <p>
          Live data: <span className={connection === 'live' ? 'word good' : 'word bad'}>{connection}</span>
        </p>
      </div>
      <dl className="figures">
        <Figure name="Revision" value={`${ring.revision.epoch}.${ring.revision.version}`} hint="epoch.version" />
        <Figure name="Nodes" value={`${status.nodes.ready} of ${status.nodes.desired}`} hint="ready of desired" />
        <Figure name="Gateways" value={`${status.gateways.inSync} of ${status.gateways.ready}`} hint="in sync" />
        <Figure name="Connections" value={status.connections.toLocaleString('en')} hint="in all" />
        <Figure name="Slot balance" value={balanceOf('slots')} hint="peak / mean" />
        <Figure name="Client balance" value={balanceOf('connections')} hint="peak / mean" />
        <Figure name="Moves" value={movesPerSecond.toFixed(1)} hint="a second" />
        <Figure name="Left to move" value={left.toLocaleString('en')} hint="slots" />
        <Figure
          name="Last change"
          value={convergence === null ? '–' : duration(convergence.ms)}
          hint={convergence === null ? 'none yet' : `${amount(convergence.moved, 'client')} moved`}
        />
      </dl>
    </section>
  );
}

function Figure({ name, value, hint }: { readonly name: string; readonly value: string; readonly hint: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        {value} <small>{hint}</small>
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
