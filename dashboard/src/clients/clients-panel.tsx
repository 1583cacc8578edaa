import type { LiveState } from '@wscluster/controller/api';
import { memo, useState, useSyncExternalStore } from 'react';
import { amount } from '../amount.ts';
import { ApiError, type ClusterApi } from '../api/client.ts';
import { colourOf, css } from '../ring/colours.ts';
import { fromAddress } from '../shell/address.ts';
import { type ClientPool, MOST_CLIENTS } from './client-pool.ts';
import { guessedGateways, pathOf, usableRoute } from './client-url.ts';
import type { ClientView } from './page-client.ts';

interface Props {
  readonly api: ClusterApi;
  readonly pool: ClientPool;
  readonly state: LiveState;
}

export function ClientsPanel({ api, pool, state }: Props) {
  const clients = useSyncExternalStore(pool.subscribe, pool.snapshot);
  const moves = clients.reduce((sum, { moved }) => sum + moved, 0);
  const [given, setGiven] = useState(() => fromAddress('gateways') ?? '');
  const [key, setKey] = useState('');
  const route = usableRoute(state.spec.routes);
  const guessed = guessedGateways(state.gateways, location.hostname).join(', ');
  const gateways = (given.trim() === '' ? guessed : given).split(/[\s,]+/).filter(Boolean);
  const [problem, setProblem] = useState('');

  const add = (count: number) => {
    if (route === undefined) return;
    setProblem('');
    try {
      for (let n = 0; n < count; n++) {
        const chosen = count === 1 && key !== '' ? key : pool.freeKey();
        pool.add(
          chosen,
          gateways.map((gateway) => new URL(pathOf(route, chosen), gateway).href),
        );
      }
      setKey('');
    } catch {
      setProblem(`The gateways must be URLs such as ws://localhost:7000, with commas between them: ${gateways}`);
    }
  };
  return (
    <section aria-labelledby="clients">
      <h2 id="clients">Clients of this page</h2>
      {route === undefined && (
        <p role="alert">
          No route takes its key from the path or the query, and a browser can set no headers: clients cannot be opened
          here.
        </p>
      )}
      <p className="controls">
        <label>
          Key{' '}
          <input value={key} placeholder="any" spellCheck={false} onChange={(event) => setKey(event.target.value)} />
        </label>
        <button type="button" className="primary" disabled={route === undefined} onClick={() => add(1)}>
          + client
        </button>
        <button type="button" disabled={route === undefined} onClick={() => add(100)}>
          + 100 clients
        </button>
        <button type="button" disabled={clients.length === 0} onClick={() => pool.clear()}>
          Close all
        </button>
        <label>
          Gateways{' '}
          <input
            className="wide"
            value={given}
            placeholder={guessed}
            spellCheck={false}
            onChange={(event) => setGiven(event.target.value)}
          />
        </label>
      </p>
      {problem !== '' && <p role="alert">{problem}</p>}
      <SendForm api={api} />
      <p role="status">
        {clients.length === 0
          ? 'No client is open here. Add some clients, then add or drain a node, and see which clients move.'
          : `${clients.filter(({ status }) => status === 'open').length} of ${clients.length} connected, ` +
            `${amount(moves, 'move')}.` +
            (clients.length >= MOST_CLIENTS ? ` A browser opens no more than ${MOST_CLIENTS}.` : '')}
      </p>
      <ul className="cards">
        {clients.map((client) => (
          <Card
            key={client.key}
            client={client}
            nodeName={nodeCalled(client.node, state.nodes)?.name ?? client.node}
            ringId={nodeCalled(client.node, state.nodes)?.ringId ?? undefined}
            pool={pool}
          />
        ))}
      </ul>
    </section>
  );
}

/** A container names itself by its host name, which is the beginning of its id. */
function nodeCalled(called: string | undefined, nodes: LiveState['nodes']): LiveState['nodes'][number] | undefined {
  const isHostName = called?.length === 12;
  return nodes.find(({ id }) => id === called || (isHostName && id.startsWith(called)));
}

const STATUS_WORDS: Readonly<Record<ClientView['status'], string>> = {
  connecting: 'connecting',
  open: 'connected',
  waiting: 'waiting to reconnect',
};

interface CardProps {
  readonly client: ClientView;
  /** Undefined for a backend that does not say. */
  readonly nodeName: string | undefined;
  readonly ringId: number | undefined;
  readonly pool: ClientPool;
}

const Card = memo(function Card({ client, nodeName, ringId, pool }: CardProps) {
  const { key, status, moved, messageCount, messages } = client;
  return (
    <li data-client={key} data-node={client.node}>
      <svg className="swatch" viewBox="0 0 1 1" aria-hidden="true">
        <rect width="1" height="1" fill={ringId === undefined ? 'none' : css(colourOf(ringId))} />
      </svg>
      <strong className="id">{key}</strong>
      <button type="button" className="close" aria-label={`Close ${key}`} onClick={() => pool.remove(key)}>
        ×
      </button>
      <p>
        {nodeName === undefined ? (
          STATUS_WORDS[status]
        ) : (
          <>
            {status === 'open' ? 'on ' : `${STATUS_WORDS[status]}, last on `}
            <span className="id">{nodeName}</span>
          </>
        )}
      </p>
      <p>
        {amount(moved, 'move')}, {amount(messageCount, 'message')}
      </p>
      {messages.length > 0 && (
        <ul className="messages">
          {messages.map((message, index) => (
            <li key={messageCount - messages.length + index}>{message}</li>
          ))}
        </ul>
      )}
    </li>
  );
});

function SendForm({ api }: { readonly api: ClusterApi }) {
  const [key, setKey] = useState('');
  const [message, setMessage] = useState('');
  const [outcome, setOutcome] = useState('');
  const send = async () => {
    try {
      const { connections, nodes } = await api.send(key, message);
      setOutcome(connections === 0 ? `nobody is connected with the key ${key}` : `sent to ${connections} on ${nodes}`);
      setMessage('');
    } catch (error) {
      setOutcome(error instanceof ApiError ? error.message : String(error));
    }
  };
  const find = async () => {
    try {
      const { slot, nodeId, address } = await api.owner(key);
      setOutcome(`${key} is on slot ${slot}, which ${nodeId} at ${address} owns`);
    } catch (error) {
      setOutcome(error instanceof ApiError ? error.message : String(error));
    }
  };
  return (
    <form
      className="controls"
      aria-label="Send to a key"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      <label>
        To the key <input required value={key} spellCheck={false} onChange={(event) => setKey(event.target.value)} />
      </label>
      <label>
        Message <input required value={message} onChange={(event) => setMessage(event.target.value)} />
      </label>
      <button type="submit">Send</button>
      <button type="button" disabled={key === ''} onClick={() => void find()}>
        Find owner
      </button>
      <span role="status">{outcome}</span>
    </form>
  );
}
