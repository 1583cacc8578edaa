import { createServer } from 'node:http';
import StompServer from 'stomp-broker-js';

const server = createServer();
new StompServer({ server, path: '/stomp' });
server.listen(Number(process.env.PORT));
