import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { needProgram } from '../process/find-program.ts';
import { freePorts } from '../process/ports.ts';
import { ServerProcess } from '../process/server-process.ts';

/** The store of one API server, not started. */
export interface Etcd extends ServerProcess {
  readonly url: string;
  /** Forgets everything but the newest state. */
  compact(): Promise<void>;
}

export async function etcdServer(folder: string): Promise<Etcd> {
  const [port = 0, peerPort = 0] = await freePorts(2);
  const own = join(folder, 'etcd');
  mkdirSync(own);
  return new EtcdServer(needProgram('etcd', 'etcd-server'), own, port, peerPort);
}

class EtcdServer extends ServerProcess implements Etcd {
  readonly url: string;

  constructor(program: string, folder: string, port: number, peerPort: number) {
    const [url, peerUrl] = [`http://127.0.0.1:${port}`, `http://127.0.0.1:${peerPort}`];
    super({
      name: 'etcd',
      address: `127.0.0.1:${port}`,
      folder,
      command: [
        program,
        ...['--data-dir', join(folder, 'data'), '--log-level', 'warn'],
        ...['--listen-client-urls', url, '--advertise-client-urls', url],
        ...['--listen-peer-urls', peerUrl, '--initial-advertise-peer-urls', peerUrl],
        ...['--initial-cluster', `default=${peerUrl}`],
      ],
      answers: () =>
        ask(`${url}/health`).then(
          (answer) => answer.health === 'true',
          () => false,
        ),
    });
    this.url = url;
  }

  async compact(): Promise<void> {
    const { header } = await ask(`${this.url}/v3/maintenance/status`, {});
    await ask(`${this.url}/v3/kv/compaction`, { revision: header?.revision, physical: true });
  }
}

/** The parts of its answers that are read here. */
interface Answer {
  readonly health?: string;
  readonly header?: { readonly revision: string };
}

/** Its JSON API: POST with a body, else GET. */
async function ask(url: string, body?: object): Promise<Answer> {
  const method = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
  const answer = await fetch(url, { ...method, headers: { connection: 'close' }, signal: AbortSignal.timeout(2000) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`etcd answers ${answer.status} to ${url}: ${text}`);
  return JSON.parse(text) as Answer;
}
