import { mkdtempSync, rmSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type Logger, silentLogger } from '@wscluster/service';
import { startSocketProxy } from '@wscluster/socket-proxy';
import type { DockerEngine } from '@wscluster/testbed';
import { http } from '../../e2e/support/http.ts';

export interface ProxyOptions {
  readonly log?: Logger;
  onSocketGone?(): void;
}

/** The Docker API as the socket proxy lets it through. */
export interface ProxiedEngine {
  /** `unix:///...`, for a controller. */
  readonly host: string;
  /** Sends a request with exactly this target; resolves when its answer begins. */
  send(method: string, target: string, body?: string): Promise<IncomingMessage>;
  /** As send; resolves with status and body. */
  ask(method: string, target: string, body?: string): Promise<{ status: number | undefined; text: string }>;
  /** What its /readyz says. */
  readyz(): Promise<string>;
  close(): Promise<void>;
}

export async function proxiedEngine(engine: DockerEngine, options: ProxyOptions = {}): Promise<ProxiedEngine> {
  const folder = mkdtempSync(join(tmpdir(), 'wsc-proxy-'));
  const socketPath = join(folder, 'docker.sock');
  const proxy = await startSocketProxy(
    {
      engineSocket: engine.host.replace('unix://', ''),
      listenSocket: socketPath,
      probes: { host: '127.0.0.1', port: 0 },
    },
    options.log ?? silentLogger,
    () => options.onSocketGone?.(),
  );
  const send = (method: string, path: string, body?: string) =>
    new Promise<IncomingMessage>((resolve, reject) => {
      const headers = body === undefined ? {} : { 'content-type': 'application/json' };
      request({ socketPath, method, path, headers, agent: false }, resolve).once('error', reject).end(body);
    });
  return {
    host: `unix://${socketPath}`,
    send,
    async ask(method, target, body) {
      const answer = await send(method, target, body);
      return { status: answer.statusCode, text: await text(answer) };
    },
    readyz: async () => (await http('GET', `http://127.0.0.1:${proxy.probePort}/readyz`)).text.trim(),
    async close() {
      await proxy.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
