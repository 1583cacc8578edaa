import { freePorts, ServerProcess, started } from '@wscluster/testbed';
import { until } from '../../test/e2e/support/wait.ts';
import { onOtherCores } from './cores.ts';
import { scratchFolder } from './scratch.ts';

/** The node behind the proxies; load/node.go says what it does. */
export class EchoNode {
  readonly name: string;
  readonly port: number;
  readonly #server: ServerProcess;

  private constructor(name: string, port: number, server: ServerProcess) {
    this.name = name;
    this.port = port;
    this.#server = server;
  }

  static async start(program: string, name: string): Promise<EchoNode> {
    const [port = 0] = await freePorts(1);
    const server = new ServerProcess({
      name: 'the node',
      address: `127.0.0.1:${port}`,
      folder: scratchFolder('node'),
      command: onOtherCores([program, 'node', String(port), name]),
      answers: () =>
        connections(port).then(
          () => true,
          () => false,
        ),
    });
    return new EchoNode(name, port, await started(server));
  }

  get pid(): number {
    return this.#server.pid ?? 0;
  }

  /** Resolves once no more than `count` WebSockets are open. */
  async quiet(count: number): Promise<void> {
    await until(`the node has ${count} connections`, async () => (await connections(this.port)) <= count, 20_000);
  }

  connections(): Promise<number> {
    return connections(this.port);
  }

  /** SIGKILL; resolves when it has ended. */
  kill(): Promise<void> {
    return this.#server.kill();
  }

  stop(): Promise<void> {
    return this.#server.dispose();
  }
}

async function connections(port: number): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${port}/count`, { headers: { connection: 'close' } });
  return Number(await answer.text());
}
