import { addedShape, nodesShape, readAnswer } from '../api/shapes.ts';
import { apiCommand, show, type Work } from '../api-command.ts';
import { percent, table } from '../print/table.ts';

export const nodes = apiCommand({
  name: 'nodes',
  summary: 'the nodes; adds one, drains one, kills one',
  forms: ['', 'add', 'drain ID', 'kill ID'],
  help: `
Without a word: the nodes with their shares and connections. The others change the cluster:

  add        starts one node more; only the clients whose keys it takes over move
  drain ID   lets a node go: its clients move at the set pace, then it stops; one replica fewer
  kill ID    ends a node at once, as a crash would; it is replaced

  wscluster nodes
  wscluster nodes add
  wscluster nodes drain "$(wscluster owner alice --json | jq -r .nodeId)"`,
  prepare([action, id, ...more]) {
    if (more.length > 0) return undefined;
    if (action === undefined) return list;
    if (action === 'add' && id === undefined) return add;
    if (id !== undefined && action === 'drain')
      return remove(id, 'drain', `${id} drains: its clients move, then it stops\n`);
    if (id !== undefined && action === 'kill') return remove(id, 'kill', `${id} is killed; it will be replaced\n`);
    return undefined;
  },
});

const list = show(
  (api) => api.ask('GET', '/nodes'),
  (answer) =>
    table(readAnswer(nodesShape, answer).nodes, [
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
  (answer) => `${readAnswer(addedShape, answer).id} is started; it takes its share over once it is ready\n`,
);

function remove(id: string, mode: 'drain' | 'kill', said: string): Work {
  return show(
    (api) => api.ask('DELETE', `/nodes/${encodeURIComponent(id)}?mode=${mode}`),
    () => said,
  );
}
