import { Aedes } from 'aedes';
import { createWebSocketStream, WebSocketServer } from 'ws';

const broker = await Aedes.createBroker();
const server = new WebSocketServer({ port: Number(process.env.PORT), path: '/mqtt' });
server.on('connection', (socket, request) => broker.handle(createWebSocketStream(socket), request));
