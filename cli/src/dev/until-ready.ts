import { setTimeout as delay } from 'node:timers/promises';
import { WsClusterError } from '@wscluster/ring';

export interface Awaited {
  readonly what: string;
  readonly url: string;
  /** Of a body that came with status 200. */
  readonly isReady: (body: string) => boolean;
}

/** Resolves when all are ready; fails after `timeoutMs`, naming who is not, or when `signal` is aborted. */
export async function untilReady(all: readonly Awaited[], timeoutMs: number, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  const waiting = new Set(all);
  while (waiting.size > 0) {
    signal.throwIfAborted();
    for (const awaited of waiting) if (await isReady(awaited)) waiting.delete(awaited);
    if (performance.now() > deadline) {
      const names = [...waiting].map(({ what }) => what).join(', ');
      throw new WsClusterError('INTERNAL', `not ready after ${timeoutMs / 1000} s: ${names}; see the log above`);
    }
    await delay(100, undefined, { signal });
  }
}

async function isReady({ url, isReady }: Awaited): Promise<boolean> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(1000) });
    return answer.ok && isReady(await answer.text());
  } catch {
    return false;
  }
}
