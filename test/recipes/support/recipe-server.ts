import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { freePorts } from '@wscluster/testbed/ports';
import { parse } from 'yaml';
import { until } from '../../e2e/support/wait.ts';

interface ClusterFile {
  readonly spec: { readonly nodes: { readonly command: readonly string[]; readonly env?: Record<string, string> } };
}

/** The server of a recipe without a cluster, started by the command in its cluster file. */
export class RecipeServer {
  readonly port: number;
  readonly #process: ChildProcess;
  #complaints = '';

  private constructor(folder: string, port: number) {
    this.port = port;
    const { command, env } = (parse(readFileSync(join(folder, 'cluster.yaml'), 'utf8')) as ClusterFile).spec.nodes;
    const [program = '', ...args] = command.map((word) => word.replace('{port}', String(port)));
    this.#process = spawn(program === 'node' ? process.execPath : program, args, {
      cwd: folder,
      env: { ...process.env, ...env, PORT: String(port), WSCLUSTER_ID: 'n1' },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#process.stderr?.on('data', (text: Buffer) => {
      this.#complaints += String(text);
    });
  }

  /** `folder`: that of `recipeFolder`. Resolves once it accepts connections. */
  static async start(folder: string): Promise<RecipeServer> {
    const [port = 0] = await freePorts(1);
    const server = new RecipeServer(folder, port);
    await until(`the server in ${folder} accepts connections`, () => accepts(port), 120_000).catch(
      async (error: Error) => {
        await server.end();
        throw new Error(`${error.message}: ${server.#complaints.slice(-4000)}`);
      },
    );
    return server;
  }

  async end(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exit = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await exit;
  }
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } finally {
    socket.destroy();
  }
}
