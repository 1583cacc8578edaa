import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws'; // a browser has its own

export function join(gateway, room, on) {
  let [failures, connectedAt] = [0, Infinity];
  const client = createClient({
    url: `ws://${gateway}/graphql?room=${room}`,
    webSocketImpl: WebSocket,
    retryAttempts: Number.POSITIVE_INFINITY, // 5 by default
    shouldRetry: () => true, // by default not when connecting fails
    // 1.3 to 4 s before the first attempt by default. What it counts starts over with each connection, `failures` does
    // not.
    retryWait: () =>
      new Promise((resolve) => setTimeout(resolve, Math.random() * Math.min(10_000, 200 * 2 ** failures++))),
    on: {
      connected() {
        connectedAt = performance.now();
        on.open();
      },
      closed({ code }) {
        if (performance.now() - connectedAt > 5_000) failures = 0; // it has stood
        connectedAt = Infinity;
        on.closed(code);
      },
    },
  });
  const variables = { room };
  client.subscribe(
    { query: 'subscription ($room: String!) { heard(room: $room) }', variables },
    { next: ({ data }) => on.heard(data.heard), error: console.error, complete: () => {} },
  );
  const say = (text) =>
    client.subscribe(
      {
        query: 'mutation ($room: String!, $text: String!) { say(room: $room, text: $text) }',
        variables: { room, text },
      },
      { next: () => {}, error: console.error, complete: () => {} },
    );
  return { say, leave: () => client.dispose() };
}
