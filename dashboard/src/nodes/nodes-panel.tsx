import { useState } from 'react';
import type { ClusterApi } from '../api/client.ts';
import type { LiveNode } from '../live/live-cluster.ts';
import { colourOf, css } from '../ring/colours.ts';
import { percent } from '../ring/share-circle.tsx';
import { AgeText } from './age-text.tsx';
import { ChangeDialog } from './change-dialog.tsx';
import type { NodeChange } from './node-change.ts';
import { StateWord } from './state-word.tsx';

interface Props {
  readonly api: ClusterApi;
  readonly nodes: readonly LiveNode[];
  readonly connections: number;
}

export function NodesPanel({ api, nodes, connections }: Props) {
  const [change, setChange] = useState<NodeChange>();
  return (
    <section aria-labelledby="nodes">
      <h2 id="nodes">Nodes</h2>
      <p>
        <button type="button" className="primary" onClick={() => setChange({ kind: 'add' })}>
          + node
        </button>
      </p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard. */}
      <section className="scroll" tabIndex={0} aria-label="Table of nodes">
        <table>
          <thead>
            <tr>
              <th scope="col">Node</th>
              <th scope="col">State</th>
              <th scope="col">Address, image</th>
              <th scope="col" className="number">
                Connections
              </th>
              <th scope="col" className="number">
                Share
              </th>
              <th scope="col" className="number">
                Weight
              </th>
              <th scope="col">Age</th>
              <th scope="col">Actions</th>
            </tr>
          </thead>
          <tbody>
            {nodes.map((node) => (
              <Row key={node.id} node={node} onChange={setChange} />
            ))}
          </tbody>
        </table>
        {nodes.length === 0 && <p className="empty">There are no nodes yet. Add one, or start your own backend.</p>}
      </section>
      {change !== undefined && (
        <ChangeDialog api={api} change={change} connections={connections} onClose={() => setChange(undefined)} />
      )}
    </section>
  );
}

function Row({ node, onChange }: { readonly node: LiveNode; onChange(change: NodeChange): void }) {
  const { id, name, ringId, state, address, image, connections, share, weight, createdAt } = node;
  return (
    <tr data-node={id}>
      <th scope="row" title={id}>
        <svg className="swatch" viewBox="0 0 1 1" aria-hidden="true">
          <rect width="1" height="1" fill={ringId === null ? 'none' : css(colourOf(ringId))} />
        </svg>
        <span className="id">{name}</span>
      </th>
      <td data-label="State">
        <StateWord state={state} />
      </td>
      <td data-label="Address, image">
        {address ?? '–'}
        {image !== null && <small title={image}>{image}</small>}
      </td>
      <td className="number" data-label="Connections">
        {connections.toLocaleString('en')}
      </td>
      <td className="number" data-label="Share">
        {percent(share)}
      </td>
      <td className="number" data-label="Weight">
        {weight ?? '–'}
      </td>
      <td data-label="Age">
        <AgeText since={createdAt} />
      </td>
      <td className="actions">
        {state !== 'gone' && (
          <>
            <button
              type="button"
              disabled={ringId === null || state === 'draining'}
              aria-label={`Drain ${name}`}
              onClick={() => onChange({ kind: 'drain', node })}
            >
              drain
            </button>
            <button
              type="button"
              disabled={ringId === null}
              aria-label={`Kill ${name}`}
              onClick={() => onChange({ kind: 'kill', node })}
            >
              kill
            </button>
            <button
              type="button"
              disabled={ringId === null}
              aria-label={`Change the weight of ${name}`}
              onClick={() => onChange({ kind: 'weight', node, weight: weight ?? 1 })}
            >
              weight
            </button>
          </>
        )}
      </td>
    </tr>
  );
}
