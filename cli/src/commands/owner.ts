import { formatRevision } from '@wscluster/ring';
import { readAnswer } from '../api/read-answer.ts';
import { apiCommand, show } from '../api-command.ts';
import { pairs } from '../print/table.ts';

export const owner = apiCommand({
  name: 'owner',
  summary: 'show which node owns a key',
  forms: ['KEY'],
  help: `
Shows which node owns KEY, whether or not a client with that key is connected. All gateways route the key to this node.
Put -- before a key that begins with a dash.

  wscluster owner alice
  wscluster owner alice --json | jq -r .nodeId`,
  prepare([key, ...more]) {
    if (key === undefined || more.length > 0) return undefined;
    return show(
      (api) => api.ask('GET', `/owner?key=${encodeURIComponent(key)}`),
      (answer) => {
        const { nodeId, address, state, slot, revision } = readAnswer('Owner', answer);
        return pairs({ key, node: nodeId, address, state, slot, revision: formatRevision(revision) });
      },
    );
  },
});
