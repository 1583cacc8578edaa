import SockJS from 'sockjs-client';

export function join(gateway, room, on) {
  let socket, timer;
  let failures = 0;
  const connect = () => {
    let openedAt = Infinity;
    socket = new SockJS(`http://${gateway}/chat`, null, { server: room, transports: ['websocket'] });
    socket.onopen = () => {
      openedAt = performance.now();
      on.open();
    };
    socket.onmessage = ({ data }) => on.heard(data);
    socket.onclose = ({ code }) => {
      on.closed(code);
      if (performance.now() - openedAt > 5_000) failures = 0; // it has stood
      // SockJS does not come back by itself.
      timer = setTimeout(connect, Math.random() * Math.min(10_000, 200 * 2 ** failures++));
    };
  };
  connect();
  const leave = () => {
    socket.onclose = null;
    clearTimeout(timer);
    socket.close();
  };
  return { say: (text) => socket.send(text), leave };
}
