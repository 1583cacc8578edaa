import { WsClusterError } from '@wscluster/ring';
import { readAnswer } from '../api/read-answer.ts';
import { apiCommand, show, type Work } from '../api-command.ts';
import { percent, table } from '../print/table.ts';

export const nodes = apiCommand({
  name: 'nodes',
  summary: 'list the nodes; add, drain or kill one',
  forms: ['', 'add', 'drain ID', 'kill ID'],
  help: `
Lists the nodes with their shares and connections, or changes the cluster:

  add        starts another node; only the clients whose keys it takes over move
  drain ID   moves a node's clients away at the configured pace, then stops it; the cluster has one replica fewer
  kill ID    ends a node at once, as a crash would; it is replaced

  wscluster nodes
  wscluster nodes add
  wscluster nodes drain "$(wscluster owner alice --json | jq -r .nodeId)"`,
  prepare([action, id, ...more]) {
    if (more.length > 0) return undefined;
    if (action === undefined) return list;
    if (action === 'add' && id === undefined) return add;
    if (id === undefined && (action === 'drain' || action === 'kill'))
      throw new WsClusterError('CONFIG_INVALID', `${action} needs the ID of a node; "wscluster nodes" lists them`);
    if (id !== undefined && action === 'drain')
      return remove(id, 'drain', `${id} is draining: its clients move, then it stops\n`);
    if (id !== undefined && action === 'kill') return remove(id, 'kill', `${id} is killed; it will be replaced\n`);
    return undefined;
  },
});

const list = show(
  (api) => api.ask('GET', '/nodes'),
  (answer) =>
    table(readAnswer('Nodes', answer).nodes, [
      { title: 'NODE', of: (node) => node.id },
      { title: 'ADDRESS', of: (node) => node.address ?? 'none yet' },
      { title: 'STATE', of: (node) => node.state },
      { title: 'WEIGHT', of: (node) => node.weight ?? '' },
      { title: 'SLOTS', of: (node) => node.slots },
      { title: 'SHARE', of: (node) => percent(node.share) },
      { title: 'CONNECTIONS', of: (node) => node.connections },
    ]),
);

const add = show(
  (api) => api.ask('POST', '/nodes'),
  (answer) => `${readAnswer('Created', answer).id} is starting; it takes over its share once it is ready
`,
);

function remove(id: string, mode: 'drain' | 'kill', said: string): Work {
  return show(
    (api) => api.ask('DELETE', `/nodes/${encodeURIComponent(id)}?mode=${mode}`),
    () => said,
  );
}
