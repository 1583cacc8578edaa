/** httpxy as a proxy for one node: `node httpxy-role.ts PORT NODE-PORT`. */
import { Agent, createServer } from 'node:http';
import type { Socket } from 'node:net';
import { createProxyServer } from 'httpxy';

const [port, nodePort] = process.argv.slice(2);
const target = `http://127.0.0.1:${nodePort}`;
const proxy = createProxyServer({ target, xfwd: true, agent: new Agent({ keepAlive: true }) });
const upgrades = createProxyServer({ target, ws: true, xfwd: true });
for (const each of [proxy, upgrades]) each.on('error', () => {});
const server = createServer((req, res) => void proxy.web(req, res).catch(() => {}));
server.on('upgrade', (req, socket, head) => void upgrades.ws(req, socket as Socket, {}, head).catch(() => {}));
server.listen({ port: Number(port), host: '127.0.0.1', backlog: 4096 });
