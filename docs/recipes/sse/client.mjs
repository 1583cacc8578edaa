import { EventSource } from 'eventsource'; // a browser has its own

export function join(gateway, room, on) {
  const url = `http://${gateway}/rooms/${room}`;
  let source, timer;
  let failures = 0;
  const listen = () => {
    let openedAt = Infinity;
    source = new EventSource(url);
    source.onopen = () => {
      openedAt = performance.now();
      on.open();
    };
    source.onmessage = ({ data }) => on.heard(data);
    source.onerror = () => {
      on.closed('error');
      if (performance.now() - openedAt > 5_000) failures = 0; // it has stood
      openedAt = Infinity;
      const comesBack = failures === 0 && source.readyState !== EventSource.CLOSED;
      const waitMs = Math.random() * Math.min(10_000, 200 * 2 ** failures++);
      if (comesBack) return; // by itself, after the time that the server has named; it would do so without end
      source.close();
      timer = setTimeout(listen, waitMs);
    };
  };
  listen();
  const say = (text) =>
    fetch(url, { method: 'POST', body: text, headers: { 'Content-Type': 'text/plain' } }).catch(console.error);
  const leave = () => {
    clearTimeout(timer);
    source.close();
  };
  return { say, leave };
}
