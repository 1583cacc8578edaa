import { type Command, freePorts, ServerProcess, started } from '@wscluster/testbed';
import { onProxyCore } from '../cores.ts';
import type { EchoNode } from '../node.ts';
import { scratchFolder } from '../scratch.ts';
import type { Preload } from './node-process.ts';
import type { RingOptions } from './ring-publisher.ts';

export const PROXIES = ['wscluster', 'haproxy', 'nginx', 'http-proxy-3', 'httpxy', 'ws relay'] as const;
export type ProxyName = (typeof PROXIES)[number];

export interface ProxyOptions {
  /** By the hash of the path, each connection goes to one of them. The peers that hash nothing take the first. */
  readonly nodes: readonly EchoNode[];
  /** Only for a proxy in Node. */
  readonly preload?: Preload;
  /** Only for our gateway. */
  readonly rings?: RingOptions;
}

/** A proxy that runs: one process, on one core. */
export interface RunningProxy {
  readonly name: ProxyName;
  readonly port: number;
  readonly pid: number;
  /** Says that a node has ended, to a proxy that does not look by itself. */
  nodeEnded(name: string): Promise<void>;
  stop(): Promise<void>;
}

export interface ProxyCommand {
  readonly name: ProxyName;
  /** Called with its port and folder; may write files. */
  readonly command: (port: number, folder: string) => Command;
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts a program as a proxy; resolves once it answers. */
export async function startProxy({ name, command, env = {} }: ProxyCommand): Promise<RunningProxy> {
  const [port = 0] = await freePorts(1);
  const folder = scratchFolder('proxy');
  const server = new ServerProcess({
    ...{ name, address: `127.0.0.1:${port}`, folder, command: onProxyCore(command(port, folder)), env },
    answers: () => answers(port),
  });
  await started(server);
  const pid = server.pid ?? 0;
  return {
    ...{ name, port, pid },
    nodeEnded: () => Promise.resolve(),
    stop: () => server.dispose(),
  };
}

/** The relay has no plain HTTP. */
const UPGRADE_REQUIRED = 426;

async function answers(port: number): Promise<boolean> {
  try {
    const answer = await fetch(`http://127.0.0.1:${port}/http/ready`, { headers: { connection: 'close' } });
    await answer.text();
    return answer.ok || answer.status === UPGRADE_REQUIRED;
  } catch {
    return false;
  }
}
