import type { Answer } from '../../test/e2e/support/http.ts';
import { pick } from '../random.ts';
import type { FaultKind, Injection } from './fault-kind.ts';

const [FEWEST, MOST] = [3, 5];
const WEIGHTS = [0.3, 1, 3];
const MEASURES = ['connections', 'slots', 'messages', 'bytes'];
const STRATEGIES = [{ strategy: 'even' }, { strategy: 'lazy', lazy: { maxSeconds: 5 } }];
const MODES = ['migrate', 'reconnect'];
const AFTER_LOSS = ['close', 'redial'];
/** Of 100 clients, no node, few nodes, or all of them are full. */
const CAPACITIES = [0, 60, 20];

/** A change that may be refused while nobody leads; one that is acknowledged counts. */
const change = (name: string, call: (injection: Injection) => Promise<Answer> | undefined): FaultKind => ({
  name,
  scope: 'api',
  async inject(injection) {
    const answer = await call(injection)?.catch(() => undefined);
    if (answer?.status === 400) throw new Error(`${name}: ${answer.text}`);
    // Only a patch answers with the cluster.
    if (answer?.status === 200) injection.recorder.sawGeneration('acknowledged patch', answer.text);
  },
});

/** Changes through the API; none of them may end a connection other than by a move. */
export const API_CHANGES: readonly FaultKind[] = [
  change('node added', ({ system, recorder, begin }) => {
    if (recorder.members.length >= MOST) return undefined;
    begin('one more replica');
    return system.api('POST', '/nodes');
  }),
  change('node drained', ({ system, recorder, dice, begin }) => {
    if (recorder.members.length <= FEWEST) return undefined;
    const { nodeId } = pick(recorder.members, dice);
    begin(nodeId);
    return system.api('DELETE', `/nodes/${nodeId}`);
  }),
  change('node removed at once', ({ system, recorder, dice, begin }) => {
    const { nodeId } = pick(recorder.members, dice);
    begin(nodeId, { nodes: [nodeId] });
    return system.api('DELETE', `/nodes/${nodeId}?mode=kill`);
  }),
  change('weight changed', ({ system, recorder, dice, begin }) => {
    const { ringId } = pick(recorder.members, dice);
    const weight = pick(WEIGHTS, (dice * 7) % 1);
    begin(`ring id ${ringId} weighs ${weight}`);
    return system.patch({ nodes: { weights: { [ringId]: weight } } });
  }),
  change('balance changed', ({ system, dice, begin }) => {
    const [by, strategy] = [pick(MEASURES, dice), pick(STRATEGIES, (dice * 7) % 1)];
    begin(`${strategy.strategy}, by ${by}`);
    return system.patch({ rebalance: { by, halfLifeSeconds: 2, ...strategy } });
  }),
  change('moves changed', ({ system, dice, begin }) => {
    const [mode, onLost] = [pick(MODES, dice), pick(AFTER_LOSS, (dice * 7) % 1)];
    begin(`mode ${mode}, onLost ${onLost}`);
    return system.patch({ rebalance: { mode, onLost } });
  }),
  change('capacity changed', ({ system, dice, begin }) => {
    const maxConnections = pick(CAPACITIES, dice);
    begin(`at most ${maxConnections || 'any number of'} connections a node`);
    return system.patch({ nodes: { maxConnections } });
  }),
];
