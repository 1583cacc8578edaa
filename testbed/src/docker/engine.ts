import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { cacheFolder } from '../install/cache.ts';
import { type Lock, takeLock } from '../install/lock.ts';
import { needProgram } from '../process/find-program.ts';
import { freePorts } from '../process/ports.ts';
import type { RunOptions } from '../process/run.ts';
import { type Command, ServerProcess } from '../process/server-process.ts';
import { started } from '../process/started.ts';
import type { RealServer } from '../server.ts';
import { type Certificates, makeCertificates } from './certificates.ts';
import { cliEnvironment, docker } from './cli.ts';
import { shimsEnded } from './shims.ts';
import { unmountBelow } from './unmount.ts';

export interface EngineOptions {
  /** Also serve TCP with TLS and client certificates; default false. */
  readonly tls?: boolean;
  /** Containers keep running while the engine is down; default true. */
  readonly liveRestore?: boolean;
  /** Number of the group that may use the socket; default that of the group docker. */
  readonly socketGroup?: number;
  /** Containers can mount the socket from its usual place, /var/run/docker.sock; default false. */
  readonly atMachineSocket?: boolean;
}

/**
 * The machine's one Docker engine for tests. kill and stop end dockerd and its containerd; the containers keep running
 * (with `liveRestore: false` the next start ends them).
 */
export interface DockerEngine extends RealServer {
  /** `unix:///...`, for DOCKER_HOST. */
  readonly host: string;
  /** `tcp://127.0.0.1:port`; undefined without `tls`. */
  readonly tcpHost: string | undefined;
  /** A folder with ca.pem, cert.pem and key.pem, for DOCKER_CERT_PATH; undefined without `tls`. */
  readonly certPath: string | undefined;
  /** DOCKER_HOST and everything else that a Docker CLI needs to reach it, with compose. */
  readonly env: Readonly<Record<string, string>>;
  /** Runs the Docker CLI against it, for example `docker('compose', 'up', '--detach')`; returns its stdout. */
  docker(...args: string[]): Promise<string>;
  /** Like docker, with an input, a working directory or more environment. */
  dockerWith(options: RunOptions, ...args: string[]): Promise<string>;
}

/** Where the machine's own engine listens. */
const MACHINE_SOCKET = '/var/run/docker.sock';

/**
 * The started engine, without containers. Its images stay in the cache folder. There is one at a time: if another
 * process has it, this waits up to 10 minutes. dispose removes all containers, networks and volumes.
 */
export async function dockerEngine(options: EngineOptions = {}): Promise<DockerEngine> {
  const program = needProgram('dockerd', 'docker.io');
  refuseBesideAnother();
  // For the whole machine, like its bridge and iptables chains: engines of other cache folders wait too.
  const lock = await takeLock('docker engine', 'this machine');
  try {
    const folder = join(cacheFolder(), 'docker', 'run');
    // A fixed path, so that the next engine finds and removes what a killed run has left.
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'server.log'), '');
    writeFileSync(join(folder, 'daemon.json'), '{}\n'); // and not /etc/docker/daemon.json
    const [port = 0] = options.tls === true ? await freePorts(1) : [];
    const tls = options.tls === true ? { port, ...(await makeCertificates(join(folder, 'tls'))) } : undefined;
    const engine = await started(new Engine(program, folder, lock, options, tls));
    await engine.clean();
    return engine;
  } catch (error) {
    await lock.release();
    throw error;
  }
}

interface Tls extends Certificates {
  readonly port: number;
}

class Engine extends ServerProcess implements DockerEngine {
  readonly host: string;
  readonly tcpHost: string | undefined;
  readonly certPath: string | undefined;
  readonly env: Readonly<Record<string, string>>;
  readonly #folder: string;
  readonly #lock: Lock;
  #disposed = false;

  constructor(program: string, folder: string, lock: Lock, options: EngineOptions, tls: Tls | undefined) {
    const { liveRestore = true, socketGroup, atMachineSocket = false } = options;
    const socket = join(folder, 'docker.sock');
    const host = `unix://${socket}`;
    const dockerd: Command = [
      program,
      ...['--data-root', join(cacheFolder(), 'docker', 'data'), '--exec-root', join(folder, 'exec')],
      ...['--pidfile', join(folder, 'dockerd.pid'), '--config-file', join(folder, 'daemon.json'), '--host', host],
      ...(atMachineSocket ? ['--host', `unix://${MACHINE_SOCKET}`] : []),
      ...(socketGroup === undefined ? [] : ['--group', String(socketGroup)]),
      ...(liveRestore ? ['--live-restore'] : []),
      ...(tls === undefined ? [] : tlsFlags(tls)),
    ];
    super({
      name: 'dockerd',
      address: tls === undefined ? socket : `127.0.0.1:${tls.port}`,
      folder,
      command: atMachineSocket ? withOwnRun(join(folder, 'own-run'), dockerd) : dockerd,
      answers: () =>
        docker(host, ['version']).then(
          () => true,
          () => false,
        ),
      onEnd: () => containerdEnded(folder),
    });
    this.host = host;
    this.tcpHost = tls === undefined ? undefined : `tcp://127.0.0.1:${tls.port}`;
    this.certPath = tls?.client;
    this.env = cliEnvironment(host);
    this.#folder = folder;
    this.#lock = lock;
  }

  docker(...args: string[]): Promise<string> {
    return docker(this.host, args);
  }

  dockerWith(options: RunOptions, ...args: string[]): Promise<string> {
    return docker(this.host, args, options);
  }

  override async start(): Promise<void> {
    if (this.pid === undefined) {
      // Left by a crash, perhaps of another run. dockerd would wait for a containerd that has ended.
      rmSync(join(this.#folder, 'dockerd.pid'), { force: true });
      await containerdEnded(this.#folder);
    }
    await super.start();
  }

  /** Removes everything that tests create, except images. */
  async clean(): Promise<void> {
    const containers = words(await this.docker('ps', '--all', '--quiet'));
    if (containers.length > 0) await this.docker('rm', '--force', '--volumes', ...containers);
    await this.docker('network', 'prune', '--force');
    await this.docker('volume', 'prune', '--force');
  }

  override async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    try {
      // An engine that a test has killed left its containers.
      this.thaw();
      if (this.pid === undefined) await this.start();
      await this.clean();
      await this.stop();
    } finally {
      try {
        await this.kill();
        await shimsEnded(join(this.#folder, 'exec', 'containerd', 'containerd.sock'));
        await unmountBelow(this.#folder);
        await super.dispose();
      } finally {
        await this.#lock.release();
      }
    }
  }
}

/**
 * Runs the command in its own /run, where it sees everything of the machine's, and nobody else sees what it creates.
 */
function withOwnRun(folder: string, command: Command): Command {
  const layers = 'lowerdir=/run,upperdir=$0/upper,workdir=$0/work';
  const script = `mkdir -p "$0/upper" "$0/work" && mount -t overlay overlay -o "${layers}" /run && exec "$@"`;
  return ['unshare', '--mount', 'sh', '-c', script, folder, ...command];
}

function tlsFlags({ port, server }: Tls): string[] {
  const files = { tlscacert: 'ca.pem', tlscert: 'cert.pem', tlskey: 'key.pem' };
  const flags = Object.entries(files).flatMap(([flag, file]) => [`--${flag}`, join(server, file)]);
  return ['--host', `tcp://127.0.0.1:${port}`, '--tlsverify', ...flags];
}

/** dockerd's containerd dies shortly after it. A dockerd that starts in between would connect to the dying one. */
async function containerdEnded(folder: string): Promise<void> {
  const file = join(folder, 'exec', 'containerd', 'containerd.pid');
  const pid = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
  const socket = join(folder, 'exec', 'containerd', 'containerd.toml');
  for (let look = 0; look < 200 && isRunning(pid, socket); look++) await delay(25);
  rmSync(file, { force: true });
}

/** Whether the process is this containerd, and not another one that got its pid. */
function isRunning(pid: number, argument: string): boolean {
  try {
    return pid > 0 && readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0').includes(argument);
  } catch {
    return false;
  }
}

/** A second engine would reset the iptables chains of the first, and so cut off its published ports. */
function refuseBesideAnother(): void {
  if (existsSync(MACHINE_SOCKET))
    throw new Error(
      `a Docker engine of this machine listens at ${MACHINE_SOCKET}, and a second one would break its published ports. ` +
        'Stop it while the tests run (systemctl stop docker.socket docker), or remove the socket if none runs.',
    );
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}
