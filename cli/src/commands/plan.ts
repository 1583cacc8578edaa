import type { ApiSchemas, Change } from '@wscluster/controller/api';
import { counted, formatRevision, WsClusterError } from '@wscluster/ring';
import { readAnswer } from '../api/read-answer.ts';
import { apiCommand, show } from '../api-command.ts';
import { percent, table } from '../print/table.ts';

export const plan = apiCommand({
  name: 'plan',
  summary: 'show what a change would move, without making it',
  forms: ['add N', 'remove ID', 'replicas N', 'weight ID W'],
  help: `
Shows how many slots and current connections a change would move, why, and what each node has before and after. It changes
nothing.

  add N         N more nodes                 replicas N    N nodes in total
  remove ID     without this node            weight ID W   this node with the weight W (the default is 1)

  wscluster plan add 1
  wscluster plan remove "$(wscluster owner alice --json | jq -r .nodeId)"`,
  prepare(words) {
    const change = changeOf(words);
    if (change === undefined) return undefined;
    return show((api) => api.ask('POST', '/plan', { change }), explain);
  },
});

function changeOf([kind, first, second, ...more]: readonly string[]): Change | undefined {
  if (first === undefined || more.length > 0 || (kind === 'weight') !== (second !== undefined)) return undefined;
  if (kind === 'add') return { add: numberOf('N', first) };
  if (kind === 'replicas') return { replicas: numberOf('N', first) };
  if (kind === 'remove') return { remove: first };
  if (kind === 'weight') return { weights: { [first]: numberOf('W', second ?? '') } };
  return undefined;
}

/** Any number; the API says which numbers are allowed. */
function numberOf(name: string, text: string): number {
  const number = Number(text);
  if (text.trim() !== '' && Number.isFinite(number)) return number;
  throw new WsClusterError('CONFIG_INVALID', `${name} must be a number, not "${text}"`, { field: name });
}

function explain(answer: unknown): string {
  const { revision, slots, connections, unnoticed, known, reasons, nodes } = readAnswer('Plan', answer);
  const why = table(reasons, [
    { title: 'WHY', of: ({ text }) => text },
    { title: 'SLOTS', of: (reason) => reason.slots },
    { title: 'CONNECTIONS', of: (reason) => reason.connections },
  ]);
  const rows = table(nodes, [
    { title: 'NODE', of: ({ name }) => name },
    { title: 'SLOTS', of: (node) => node.slots.before },
    { title: 'SHARE', of: (node) => percent(node.slots.share.before) },
    { title: 'AFTER', of: (node) => node.slots.after },
    { title: 'SHARE', of: (node) => percent(node.slots.share.after) },
    { title: 'CONNECTIONS', of: (node) => node.connections.before },
    { title: 'SHARE', of: (node) => percent(node.connections.share.before) },
    { title: 'GAINED', of: (node) => node.connections.gained },
    { title: 'LOST', of: (node) => node.connections.lost },
    { title: 'AFTER', of: (node) => node.connections.after },
    { title: 'SHARE', of: (node) => percent(node.connections.share.after) },
  ]);
  return [
    `${counted(slots, 'slot')} and ${counted(connections, 'connection')} would move (from revision ${formatRevision(revision)})\n`,
    howTheyMove(connections, unnoticed),
    UNKNOWN[known],
    slots === 0 ? '' : `\n${why}`,
    `\n${rows}`,
  ].join('');
}

/** A line, if there is anything to say. */
function howTheyMove(all: number, { connections, exact }: ApiSchemas['Unnoticed']): string {
  if (all === 0) return '';
  if (connections === 0 && exact) return 'their clients would be told to reconnect\n';
  if (connections === all && exact) return 'their clients would not notice\n';
  const about = exact ? '' : 'about ';
  return `${about}${counted(connections, 'client')} would not notice, ${about}${all - connections} would be told to reconnect\n`;
}

const UNKNOWN = {
  all: '',
  partly: 'a gateway is silent, so its connections may be missing here, and other nodes are not balanced\n',
  no: 'a gateway has not reported its connections yet, so more may move than shown here\n',
};
