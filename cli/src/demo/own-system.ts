import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { WsClusterError } from '@wscluster/ring';
import { mainProgram } from '@wscluster/service';
import { freePortBlock } from './free-ports.ts';

const READY_MS = 60_000;
const STOP_MS = 20_000;

/**
 * A whole cluster for one demo: `wscluster dev` on free ports, with its state in a folder that is removed at the end.
 */
export class OwnSystem {
  readonly apiUrl: URL;
  readonly gateways: readonly string[];
  readonly logFile: string;
  readonly #directory: string;
  readonly #child: ChildProcess;

  private constructor(directory: string, [api, first, second, probes]: readonly number[]) {
    this.#directory = directory;
    this.logFile = join(directory, 'demo.log');
    this.apiUrl = new URL(`http://127.0.0.1:${api}`);
    this.gateways = [`ws://127.0.0.1:${first}`, `ws://127.0.0.1:${second}`];
    const log = openSync(this.logFile, 'a');
    const args = ['dev', '--state-dir', join(directory, 'state'), '--api-port', `${api}`];
    const ports = ['--gateway-ports', `${first},${second}`, '--probe-ports', `${probes}`];
    this.#child = spawn(process.execPath, [mainProgram('cli'), ...args, ...ports], {
      // Its own session: Ctrl-C reaches only the demo, which then ends everything in order. The ipc channel tells the
      // system when the demo has died.
      detached: true,
      stdio: ['ignore', log, log, 'ipc'],
      env: withoutSettings(process.env),
    });
    closeSync(log);
  }

  /** Starts it and waits until `isReady`. Throws INTERNAL naming the log file, which is then kept. */
  static async start(
    isReady: (system: OwnSystem) => Promise<boolean>,
    onStart: (system: OwnSystem) => void,
    signal: AbortSignal,
  ): Promise<OwnSystem> {
    const ports = await freePortBlock(6);
    const system = new OwnSystem(mkdtempSync(join(tmpdir(), 'wscluster-demo-')), ports);
    onStart(system);
    try {
      const deadline = performance.now() + READY_MS;
      while (!(await isReady(system))) {
        if (system.ended || performance.now() > deadline)
          throw new WsClusterError('INTERNAL', `the cluster did not come up; see its log: ${system.logFile}`);
        await delay(100, undefined, { signal });
      }
    } catch (error) {
      await system.stop(!signal.aborted);
      throw error;
    }
    return system;
  }

  /** It has ended by itself. */
  get ended(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Ends all its processes and removes its folder, unless the log is worth keeping. */
  async stop(keepLog: boolean): Promise<void> {
    if (!this.ended) {
      this.#child.kill('SIGTERM');
      const force = setTimeout(() => this.#child.kill('SIGKILL'), STOP_MS);
      await once(this.#child, 'exit');
      clearTimeout(force);
    }
    rmSync(keepLog ? join(this.#directory, 'state') : this.#directory, { recursive: true, force: true });
  }
}

/** Settings in the environment are meant for another cluster: this one would use their token and ports. */
function withoutSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !name.startsWith('WSCLUSTER_') || name === 'WSCLUSTER_LOG_LEVEL'),
  );
}
