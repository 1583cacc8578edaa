import { Client } from '@stomp/stompjs';

export function join(gateway, room, on) {
  const destination = `/topic/${room}`;
  let waitMs = 0;
  let [failures, connectedAt] = [0, Infinity];
  const client = new Client({
    brokerURL: `ws://${gateway}/stomp?room=${room}`,
    reconnectDelay: 1, // ms; 5,000 by default. The back-off of its own starts over at each CONNECTED
    beforeConnect: () => new Promise((resolve) => setTimeout(resolve, waitMs)),
    onConnect() {
      connectedAt = performance.now();
      client.subscribe(destination, ({ body }) => on.heard(body));
      on.open();
    },
    onWebSocketClose({ code }) {
      if (performance.now() - connectedAt > 5_000) failures = 0; // it has stood
      connectedAt = Infinity;
      waitMs = Math.random() * Math.min(10_000, 200 * 2 ** failures++);
      on.closed(code);
    },
  });
  client.activate();
  return { say: (body) => client.publish({ destination, body }), leave: () => client.deactivate() };
}
