import mqtt from 'mqtt';

export function join(gateway, room, on) {
  let [failures, connectedAt] = [0, Infinity];
  const client = mqtt.connect(`ws://${gateway}/mqtt?room=${room}`, {
    reconnectPeriod: 200, // ms; 1,000 by default
    resubscribe: false, // done below, on each connection
  });
  client.on('connect', () => {
    connectedAt = performance.now();
    client.subscribe(`rooms/${room}`, { qos: 1 }, (error) => error || on.open());
  });
  client.on('message', (_topic, text) => on.heard(String(text)));
  // Before the client's own listener, which takes the period that is set by then.
  client.prependListener('close', () => {
    if (performance.now() - connectedAt > 5_000) failures = 0; // it has stood
    connectedAt = Infinity;
    client.options.reconnectPeriod = 1 + Math.random() * Math.min(10_000, 200 * 2 ** failures++); // 0 would be never
    on.closed('close');
  });
  return { say: (text) => client.publish(`rooms/${room}`, text, { qos: 1 }), leave: () => client.end() };
}
