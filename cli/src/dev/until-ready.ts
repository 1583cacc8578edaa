import { setTimeout as delay } from 'node:timers/promises';
import { WsClusterError } from '@wscluster/ring';

/** Resolves when GET /readyz of every port on 127.0.0.1 says 200; fails after `timeoutMs`, naming who is not ready, or when `signal` is aborted. */
export async function untilReady(ports: readonly number[], timeoutMs: number, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  const waiting = new Set(ports);
  while (waiting.size > 0) {
    signal.throwIfAborted();
    for (const port of waiting) if (await isReady(port)) waiting.delete(port);
    if (performance.now() > deadline)
      throw new WsClusterError('INTERNAL', `not ready after ${timeoutMs / 1000} s: ${[...waiting].join(', ')}`);
    await delay(100, undefined, { signal });
  }
}

async function isReady(port: number): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${port}/readyz`, { signal: AbortSignal.timeout(1000) })).ok;
  } catch {
    return false;
  }
}
