import { setTimeout as delay } from 'node:timers/promises';
import { WsClusterError } from '@wscluster/ring';

export interface Awaited {
  readonly what: string;
  readonly url: string;
  /** Its process listens: now the answers at `url` are its own, and not those of another program. */
  readonly started: () => boolean;
  /** For the body of an answer with status 200. */
  readonly isReady: (body: string) => boolean;
}

/**
 * Resolves with the bodies once all are ready. Fails after `timeoutMs`, naming those that are not, or when `signal` is
 * aborted.
 */
export async function untilReady(all: readonly Awaited[], timeoutMs: number, signal: AbortSignal): Promise<string[]> {
  const deadline = performance.now() + timeoutMs;
  const waiting = new Set(all);
  const bodies = new Map<Awaited, string>();
  while (waiting.size > 0) {
    signal.throwIfAborted();
    for (const awaited of waiting) {
      const body = await readyBody(awaited);
      if (body === undefined) continue;
      bodies.set(awaited, body);
      waiting.delete(awaited);
    }
    if (performance.now() > deadline) {
      const names = [...waiting].map(({ what }) => what).join(', ');
      throw new WsClusterError('INTERNAL', `not ready after ${timeoutMs / 1000} s: ${names}; see the log above`);
    }
    await delay(100, undefined, { signal });
  }
  return all.map((awaited) => bodies.get(awaited) ?? '');
}

async function readyBody({ url, started, isReady }: Awaited): Promise<string | undefined> {
  if (!started()) return undefined;
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(1000) });
    const body = await answer.text();
    return answer.ok && isReady(body) ? body : undefined;
  } catch {
    return undefined;
  }
}
