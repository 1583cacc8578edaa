import SockJS from 'sockjs-client';

export function join(gateway, room, on) {
  let socket;
  let timer;
  const connect = () => {
    socket = new SockJS(`http://${gateway}/chat`, null, { server: room, transports: ['websocket'] });
    socket.onopen = on.open;
    socket.onmessage = ({ data }) => on.heard(data);
    socket.onclose = ({ code }) => {
      on.closed(code);
      timer = setTimeout(connect, 100 + Math.random() * 400); // SockJS does not come back by itself
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
