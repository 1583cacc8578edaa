import type { Plan } from '@wscluster/controller/api';
import { useEffect, useRef, useState } from 'react';
import { amount } from '../amount.ts';
import { ApiError, type ClusterApi } from '../api/client.ts';
import { make, type NodeChange, planned } from './node-change.ts';
import { PlanDetails } from './plan-details.tsx';
import { LEAST_WEIGHT, MOST_WEIGHT, weightProblem } from './weight.ts';

const TITLES: Readonly<Record<NodeChange['kind'], string>> = {
  add: 'Add a node?',
  drain: 'Drain this node?',
  kill: 'Kill this node?',
  weight: 'Change the weight of this node?',
};

interface Props {
  readonly api: ClusterApi;
  readonly change: NodeChange;
  /** Of the whole cluster. */
  readonly connections: number;
  onClose(): void;
}

/** Shows what a change would move before it is made. */
export function ChangeDialog({ api, change: asOpened, connections, onClose }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [plan, setPlan] = useState<Plan>();
  const [problem, setProblem] = useState('');
  const [busy, setBusy] = useState(false);
  const [weight, setWeight] = useState(asOpened.kind === 'weight' ? String(asOpened.weight) : '');
  const change: NodeChange = asOpened.kind === 'weight' ? { ...asOpened, weight: Number.parseFloat(weight) } : asOpened;
  const refused = change.kind === 'weight' ? weightProblem(change.weight) : undefined;
  const asked = refused === undefined ? JSON.stringify(planned(change)) : undefined;

  useEffect(() => dialog.current?.showModal(), []);
  useEffect(() => {
    let wanted = true;
    setPlan(undefined);
    setProblem('');
    if (asked === undefined) return;
    api.plan(JSON.parse(asked) as ReturnType<typeof planned>).then(
      (answer) => wanted && setPlan(answer),
      (error: unknown) => wanted && setProblem(error instanceof ApiError ? error.message : String(error)),
    );
    return () => {
      wanted = false;
    };
  }, [api, asked]);

  const confirm = async () => {
    setBusy(true);
    try {
      await make(change, api);
      onClose();
    } catch (error) {
      setProblem(error instanceof ApiError ? error.message : String(error));
      setBusy(false);
    }
  };
  return (
    <dialog ref={dialog} aria-labelledby="change" onClose={onClose}>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void confirm();
        }}
      >
        <h2 id="change">{TITLES[change.kind]}</h2>
        {'node' in change && <p className="id">{change.node.name}</p>}
        {change.kind === 'weight' && (
          <label>
            Weight{' '}
            <input
              type="number"
              min={LEAST_WEIGHT}
              max={MOST_WEIGHT}
              step="any"
              value={weight}
              aria-invalid={refused !== undefined}
              aria-describedby={refused === undefined ? undefined : 'refused'}
              onChange={(event) => setWeight(event.target.value)}
            />
          </label>
        )}
        {refused === undefined ? (
          <p role="status">
            {plan === undefined ? (problem === '' ? 'Dry run ...' : '') : moves(change, plan, connections)}
          </p>
        ) : (
          <p id="refused" role="alert">
            {refused}
          </p>
        )}
        {plan !== undefined && <PlanDetails plan={plan} />}
        {change.kind === 'kill' && (
          <p>
            The node ends at once, as in a crash. Its clients are told to reconnect at the pace of the cluster, but
            within rebalance.lostSeconds. If the controller started this node, it starts a replacement, and some clients
            move a second time, to the replacement.
          </p>
        )}
        {problem !== '' && <p role="alert">{problem}</p>}
        <p className="buttons">
          <button type="button" onClick={onClose}>
            Cancel
          </button>{' '}
          <button
            type="submit"
            className={change.kind === 'kill' ? 'danger' : 'primary'}
            disabled={busy || refused !== undefined}
          >
            {change.kind === 'weight' ? 'Change' : `${change.kind[0]?.toUpperCase()}${change.kind.slice(1)}`}
          </button>
        </p>
      </form>
    </dialog>
  );
}

function moves({ kind }: NodeChange, { connections, slots, unnoticed }: Plan, all: number): string {
  const number = (value: number) => value.toLocaleString('en');
  const sum = `Moves ${number(connections)} of ${amount(all, 'connection')} (${number(slots)} of 65,536 slots).`;
  if (connections === 0) return sum;
  // Whether the clients of a node that dies stay connected is a setting of its own, and not sure.
  if (kind === 'kill' || (unnoticed.connections === 0 && unnoticed.exact)) return `${sum} Their clients reconnect.`;
  if (unnoticed.connections === connections && unnoticed.exact) return `${sum} Their clients stay connected.`;
  const about = unnoticed.exact ? '' : 'about ';
  const [stay, leave] = [unnoticed.connections, connections - unnoticed.connections];
  return `${sum} Of their clients ${about}${number(stay)} stay connected, and ${about}${number(leave)} reconnect.`;
}
