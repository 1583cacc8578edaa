import { EventSource } from 'eventsource'; // a browser has its own

export function join(gateway, room, on) {
  const url = `http://${gateway}/rooms/${room}`;
  const source = new EventSource(url);
  source.onopen = on.open;
  source.onmessage = ({ data }) => on.heard(data);
  source.onerror = () => on.closed('error');
  const say = (text) =>
    fetch(url, { method: 'POST', body: text, headers: { 'Content-Type': 'text/plain' } }).catch(console.error);
  return { say, leave: () => source.close() };
}
