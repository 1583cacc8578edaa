import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Limits } from '@wscluster/gateway';
import type { RingChange, RingMessage } from '@wscluster/ring';
import type { Census, GatewayAnswer, GatewayRequest } from './gateway-messages.ts';

/** A gateway in a process of its own, seen from the test. */
export class GatewayProcess {
  readonly #child: ChildProcess;
  port = 0;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** `openFiles`: its limit on file descriptors; default: that of the test. */
  static async start(ring: RingMessage, limits: Partial<Limits> = {}, openFiles?: number): Promise<GatewayProcess> {
    const script = fileURLToPath(new URL('./gateway-main.ts', import.meta.url));
    const limit = openFiles === undefined ? '' : `ulimit -n ${openFiles}; `;
    const command = ['-c', `${limit}exec "$0" "$@"`, process.execPath, '--expose-gc', script];
    const started = new GatewayProcess(spawn('sh', command, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] }));
    const answer = await started.#ask({ say: 'start', ring, limits });
    if ('port' in answer) started.port = answer.port;
    return started;
  }

  broadcast(ring: RingChange | RingMessage): void {
    // One that has ended need not hear it.
    this.#child.send({ say: 'broadcast', ring } satisfies GatewayRequest, () => {});
  }

  /** `collect`: after a forced collection. */
  async census({ collect }: { collect: boolean }): Promise<Census> {
    const answer = await this.#ask({ say: 'census', collect });
    if ('census' in answer) return answer.census;
    throw new Error('the gateway answered something else');
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get ended(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Open file descriptors, as the system sees them. */
  get descriptors(): number {
    return readdirSync(`/proc/${this.pid}/fd`).length;
  }

  /** Stops the gateway and waits for the process to end by itself; its exit code. */
  async stop(deadlineMs = 10_000): Promise<number | NodeJS.Signals | null> {
    if (this.ended) return this.#child.exitCode ?? this.#child.signalCode;
    const exit = once(this.#child, 'exit');
    const late = setTimeout(() => this.#child.kill('SIGKILL'), deadlineMs);
    this.#child.send({ say: 'stop' } satisfies GatewayRequest, () => {});
    await exit;
    clearTimeout(late);
    return this.#child.exitCode ?? this.#child.signalCode;
  }

  /** Ends it, whatever it does. */
  async kill(): Promise<void> {
    if (this.ended) return;
    const exit = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exit;
  }

  #ask(request: GatewayRequest): Promise<GatewayAnswer> {
    return new Promise((resolve, reject) => {
      const onExit = (code: number | null) => reject(new Error(`the gateway's process ended with ${code}`));
      this.#child.once('exit', onExit);
      this.#child.once('message', (answer: GatewayAnswer) => {
        this.#child.off('exit', onExit);
        resolve(answer);
      });
      // One that has ended before has no exit any more.
      this.#child.send(request, (error) => error && reject(error));
    });
  }
}
