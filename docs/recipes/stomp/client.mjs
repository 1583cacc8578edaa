import { Client } from '@stomp/stompjs';

export function join(gateway, room, on) {
  const destination = `/topic/${room}`;
  const client = new Client({
    brokerURL: `ws://${gateway}/stomp?room=${room}`,
    reconnectDelay: 200 + Math.random() * 300, // ms; 5,000 by default
    onConnect() {
      client.subscribe(destination, ({ body }) => on.heard(body));
      on.open();
    },
    onWebSocketClose: ({ code }) => on.closed(code),
  });
  client.activate();
  return { say: (body) => client.publish({ destination, body }), leave: () => client.deactivate() };
}
