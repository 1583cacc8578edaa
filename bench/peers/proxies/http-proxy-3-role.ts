/** http-proxy-3 as a proxy for one node: `node http-proxy-3-role.ts PORT NODE-PORT`. */
import { Agent, createServer } from 'node:http';
import { createProxyServer } from 'http-proxy-3';

const [port, nodePort] = process.argv.slice(2);
const agent = new Agent({ keepAlive: true });
const proxy = createProxyServer({ target: `http://127.0.0.1:${nodePort}`, xfwd: true, agent });
// Upgrades take no connection of the agent.
const upgrades = createProxyServer({ target: `http://127.0.0.1:${nodePort}`, ws: true, xfwd: true });
for (const each of [proxy, upgrades]) each.on('error', () => {});
const server = createServer((req, res) => proxy.web(req, res));
server.on('upgrade', (req, socket, head) => upgrades.ws(req, socket, head));
server.listen({ port: Number(port), host: '127.0.0.1', backlog: 4096 });
