import { formatRevision } from '@wscluster/ring';
import { readAnswer } from '../api/read-answer.ts';
import { apiCommand, show } from '../api-command.ts';
import { pairs } from '../print/table.ts';

export const route = apiCommand({
  name: 'route',
  summary: 'show what gateways do with a request, without sending it',
  forms: ['URL'],
  listFlag: { name: 'header', short: 'H', help: '-H, --header LINE  a header of the request; may be repeated' },
  flag: { name: 'method', short: 'X', help: '-X, --method NAME  method of the request (default GET)' },
  help: `
Shows the route that a request takes: where its key is, the slot and its owner, and the path that the node gets. URL is
the URL that a client uses, or only its path. A ws:// URL or a path means a WebSocket; http://, or any method other than
GET, means plain HTTP.

  wscluster route ws://chat.example.com/docs/a/b
  wscluster route http://chat.example.com/ -H 'Cookie: user=alice'
  wscluster route '/websocket/send?userId=alice' -X POST`,
  prepare([url, ...more], method, headers) {
    if (url === undefined || more.length > 0) return undefined;
    const query = new URLSearchParams({ url, ...(method !== undefined && { method }) });
    for (const line of headers) query.append('header', line);
    return show(
      (api) => api.ask('GET', `/route?${query}`),
      (answer) => {
        const {
          route: path,
          name,
          protocol,
          by,
          key,
          generated,
          slot,
          owner,
          ...rest
        } = readAnswer('RoutedRequest', answer);
        const anyNode = generated ? 'the owner of the new key' : 'any ready node';
        return pairs({
          route: name === null ? path : `${path} (${name})`,
          protocol,
          by,
          key: key ?? (generated ? 'a new one, set as a cookie' : 'none'),
          slot: slot ?? '-',
          node: owner?.nodeId ?? anyNode,
          address: owner?.address ?? '-',
          path: rest.url,
          revision: formatRevision(rest.revision),
        });
      },
    );
  },
});
