import { needProgram } from '../process/find-program.ts';
import { freePorts } from '../process/ports.ts';
import { run } from '../process/run.ts';
import { serverFolder } from '../process/server-folder.ts';
import { ServerProcess } from '../process/server-process.ts';
import { started } from '../process/started.ts';
import type { RealServer } from '../server.ts';

export interface RedisOptions {
  /** The password that clients must give; none by default. */
  readonly password?: string;
}

export interface RedisServer extends RealServer {
  /** With the password: `redis://:secret@127.0.0.1:6379`. */
  readonly url: string;
}

/** A started Redis on a free loopback port that writes nothing to disk: it is empty after each start. */
export async function redisServer(options: RedisOptions = {}): Promise<RedisServer> {
  const program = needProgram('redis-server', 'redis-server');
  const cli = needProgram('redis-cli', 'redis-tools');
  const [port = 0] = await freePorts(1);
  const { password } = options;
  const server = new ServerProcess({
    name: 'redis-server',
    address: `127.0.0.1:${port}`,
    folder: serverFolder('redis'),
    command: [
      program,
      ...['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
      ...(password === undefined ? [] : ['--requirepass', password]),
    ],
    answers: () =>
      run(cli, ['-p', String(port), 'ping'], password === undefined ? {} : { env: { REDISCLI_AUTH: password } }).then(
        (answer) => answer.trim() === 'PONG',
        () => false,
      ),
  });
  const secret = password === undefined ? '' : `:${encodeURIComponent(password)}@`;
  return started(Object.assign(server, { url: `redis://${secret}127.0.0.1:${port}` }));
}
