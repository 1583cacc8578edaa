/** What a newcomer sees when all is up: the addresses, and what to try. */
export function banner(apiPort: number, gatewayPorts: readonly number[]): string {
  const api = `http://127.0.0.1:${apiPort}/api/v1`;
  const [first = 7000] = gatewayPorts;
  return `
  wscluster is up: a controller, ${gatewayPorts.length} gateways and its nodes. Ctrl-C stops all.

    gateways   ${gatewayPorts.map((port) => `ws://127.0.0.1:${port}/websocket/connect/{userId}`).join('\n               ')}
    dashboard  http://127.0.0.1:${apiPort}
    API        ${api}/clusters

  Try, in another terminal:

    npx wscat -c ws://127.0.0.1:${first}/websocket/connect/alice      a client; it says which node it is on
    curl '${api}/owner?key=alice'               who owns alice
    curl -X POST ${api}/nodes                   one node more: only the clients it takes over move
    curl -d hello 'http://127.0.0.1:${first}/websocket/send?userId=alice'    a message to alice, wherever she is
    curl ${api}/nodes                           the nodes, their share and connections
    curl -X DELETE '${api}/nodes/{id}?mode=drain'    let a node go; mode=kill crashes it

`;
}
