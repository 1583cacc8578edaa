import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { needProgram } from '../process/find-program.ts';
import { freePorts } from '../process/ports.ts';
import { run } from '../process/run.ts';
import { serverFolder } from '../process/server-folder.ts';
import { ServerProcess } from '../process/server-process.ts';
import { started } from '../process/started.ts';
import type { RealServer } from '../server.ts';
import { amqpAnswers } from './amqp-answers.ts';
import { epmdServer } from './epmd.ts';

export interface RabbitmqOptions {
  /** Default `guest`. */
  readonly user?: string;
  /** Default `guest`. */
  readonly password?: string;
}

export interface RabbitmqServer extends RealServer {
  /** With user and password: `amqp://guest:guest@127.0.0.1:5672`. */
  readonly url: string;
  /** Runs `rabbitmqctl` against it, for example `ctl('close_all_connections', 'a test')`; returns its stdout. */
  ctl(...args: string[]): Promise<string>;
  /**
   * What the broker makes of an Erlang expression, such as `rabbit_auth_backend_internal:list_users()`, as erl_call
   * prints it. Takes some ms of processor time, where rabbitmqctl takes a second. Rejects with the broker's error.
   */
  eval(expression: string): Promise<string>;
}

/** Debian's own script changes to the user rabbitmq and to the folders of the machine's service; this one does not. */
const SCRIPTS = '/usr/lib/rabbitmq/bin';

/**
 * A started RabbitMQ on free loopback ports, without plugins. Several may run at once. Durable queues survive restarts;
 * exclusive and non-durable ones do not. Starts in 5 to 9 s.
 */
export async function rabbitmqServer(options: RabbitmqOptions = {}): Promise<RabbitmqServer> {
  const { user = 'guest', password = 'guest' } = options;
  const [port = 0, distPort = 0, epmdPort = 0] = await freePorts(3);
  const folder = serverFolder('rabbitmq');
  const env = writeSettings(folder, { port, distPort, epmdPort, user, password });
  const url = `amqp://${encodeURIComponent(user)}:${encodeURIComponent(password)}@127.0.0.1:${port}`;
  return started(new Rabbitmq(url, port, folder, env, epmdServer(epmdPort, folder)));
}

class Rabbitmq extends ServerProcess implements RabbitmqServer {
  readonly url: string;
  readonly #env: Readonly<Record<string, string>>;
  readonly #epmd: RealServer;

  constructor(url: string, port: number, folder: string, env: Readonly<Record<string, string>>, epmd: RealServer) {
    super({
      name: 'rabbitmq-server',
      address: `127.0.0.1:${port}`,
      folder,
      command: [script('rabbitmq-server')],
      env,
      answers: () => amqpAnswers(port),
    });
    this.url = url;
    this.#env = env;
    this.#epmd = epmd;
  }

  ctl(...args: string[]): Promise<string> {
    return run(script('rabbitmqctl'), args, { env: this.#env, timeoutMs: 180_000 });
  }

  async eval(expression: string): Promise<string> {
    const cookie = readFileSync(join(this.#env.HOME ?? '', '.erlang.cookie'), 'utf8');
    const args = ['-address', `localhost:${this.#env.RABBITMQ_DIST_PORT}`, '-c', cookie, '-e'];
    const answer = await run(needProgram('erl_call', 'erlang-base'), args, {
      input: `${expression}.\n`,
      timeoutMs: 60_000,
    });
    if (answer.startsWith('{ok, ')) return answer.slice('{ok, '.length, -1);
    throw new Error(`${expression}: ${answer}`);
  }

  override async start(): Promise<void> {
    // It keeps running during the broker's outages; a restarted broker registers again.
    if (this.#epmd.pid === undefined) await this.#epmd.start();
    await super.start();
  }

  override async dispose(): Promise<void> {
    await this.#epmd.kill();
    await super.dispose();
  }
}

interface Settings {
  readonly port: number;
  readonly distPort: number;
  readonly epmdPort: number;
  readonly user: string;
  readonly password: string;
}

/**
 * Writes the configuration into the folder; returns the environment that makes the scripts use it, and nothing of the
 * machine's.
 */
function writeSettings(folder: string, { port, distPort, epmdPort, user, password }: Settings): Record<string, string> {
  const within = (name: string) => join(folder, name);
  mkdirSync(within('mnesia'));
  mkdirSync(within('log'));
  writeFileSync(within('enabled_plugins'), '[].\n');
  writeFileSync(
    within('rabbitmq.conf'),
    [
      `listeners.tcp.1 = 127.0.0.1:${port}`,
      `default_user = ${user}`,
      `default_pass = ${password}`,
      'log.console = true',
      'log.file = false',
      '',
    ].join('\n'),
  );
  return {
    HOME: folder, // the Erlang cookie, by which rabbitmqctl may speak to the broker
    RABBITMQ_NODENAME: `wscluster-${port}@localhost`,
    RABBITMQ_DIST_PORT: String(distPort),
    ERL_EPMD_PORT: String(epmdPort),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    RABBITMQ_CONF_ENV_FILE: within('none'),
    RABBITMQ_CONFIG_FILE: within('rabbitmq.conf'),
    RABBITMQ_ADVANCED_CONFIG_FILE: within('none'),
    RABBITMQ_ENABLED_PLUGINS_FILE: within('enabled_plugins'),
    RABBITMQ_MNESIA_BASE: within('mnesia'),
    RABBITMQ_LOG_BASE: within('log'),
    // Makes the script turn into the Erlang machine instead of waiting for it: its process id is the broker's own.
    RUNNING_UNDER_SYSTEMD: '1',
  };
}

function script(name: string): string {
  return needProgram(join(SCRIPTS, name), 'rabbitmq-server');
}
