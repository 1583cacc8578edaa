// A page whose WebSocket is told which node it is on, without any user: what sticky sessions are for.
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';

const PAGE = `<!doctype html><script>
const seen = { nodes: [], closes: [] };
function connect() {
  const socket = new WebSocket('ws://' + location.host + '/socket');
  let greeted = false;
  socket.onmessage = ({ data }) => {
    greeted = true;
    seen.nodes.push(data);
  };
  socket.onclose = ({ code }) => {
    if (greeted) seen.closes.push(code); // otherwise an attempt that failed
    setTimeout(connect, 300);
  };
}
connect();
</script>`;

const server = createServer((_request, response) => response.setHeader('Content-Type', 'text/html').end(PAGE));
new WebSocketServer({ server }).on('connection', (socket) => socket.send(process.env.WSCLUSTER_ID));
server.listen(Number(process.env.PORT));
