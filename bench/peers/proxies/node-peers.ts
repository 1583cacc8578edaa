import { fileURLToPath } from 'node:url';
import { nodeCommand } from './node-process.ts';
import { type ProxyName, type ProxyOptions, type RunningProxy, startProxy } from './proxy.ts';

/** The proxies that are libraries, each with a script of a few lines, for one node. */
function peer(name: ProxyName, script: string): (options: ProxyOptions) => Promise<RunningProxy> {
  const file = fileURLToPath(new URL(script, import.meta.url));
  return ({ nodes: [node], preload }) =>
    startProxy({ name, command: (port) => nodeCommand(preload, file, String(port), String(node?.port)) });
}

export const startHttpProxy3 = peer('http-proxy-3', './http-proxy-3-role.ts');
export const startHttpxy = peer('httpxy', './httpxy-role.ts');
export const startWsRelay = peer('ws relay', './ws-relay-role.ts');
