import { Client } from '@colyseus/sdk';

export function join(gateway, topic, on) {
  const client = new Client(`http://${gateway}`, { urlBuilder });

  /** The server names its node in place of a host. A gateway leads there, by that name in the path. */
  function urlBuilder({ protocol, host: node, pathname, search, href }) {
    return protocol === 'ws:' ? `ws://${gateway}/nodes/${node}${pathname}${search}` : href;
  }

  let room;
  let left = false;
  let [failures, joinedAt] = [0, Infinity];
  async function enter() {
    if (left) return;
    try {
      room = await client.joinOrCreate('chat', { topic });
    } catch {
      return again(); // its process may be gone, and not yet forgotten
    }
    if (left) return room.leave();
    joinedAt = performance.now();
    room.reconnection.enabled = false; // a room ends with its node
    room.onMessage('heard', on.heard);
    room.onLeave((code) => {
      on.closed(code);
      again();
    });
    on.open();
  }
  function again() {
    if (performance.now() - joinedAt > 5_000) failures = 0; // it has stood
    joinedAt = Infinity;
    setTimeout(enter, Math.random() * Math.min(10_000, 200 * 2 ** failures++));
  }

  void enter();
  const leave = () => {
    left = true;
    return room?.leave();
  };
  return { say: (text) => room.send('say', text), leave };
}
