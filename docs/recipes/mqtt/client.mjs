import mqtt from 'mqtt';

export function join(gateway, room, on) {
  const client = mqtt.connect(`ws://${gateway}/mqtt?room=${room}`, {
    reconnectPeriod: 200 + Math.random() * 300, // ms; 1,000 by default
    resubscribe: false, // done below, on each connection
  });
  client.on('connect', () => client.subscribe(`rooms/${room}`, { qos: 1 }, (error) => error || on.open()));
  client.on('message', (_topic, text) => on.heard(String(text)));
  client.on('close', () => on.closed('close'));
  return { say: (text) => client.publish(`rooms/${room}`, text, { qos: 1 }), leave: () => client.end() };
}
