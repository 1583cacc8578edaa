import { setTimeout as delay } from 'node:timers/promises';
import type { ProbeListener } from '@wscluster/service';
import type { RingBusFollower, RingReader } from '@wscluster/transport';
import type { LiveOptions } from './gateway-options.ts';
import type { Limits } from './limits.ts';
import type { LiveConnection } from './move/live-connection.ts';
import { Pacer } from './move/pacer.ts';
import type { Tracker } from './move/tracker.ts';
import type { Parts } from './parts.ts';
import type { Readiness } from './readiness.ts';
import { GOING_AWAY } from './relay/close-frame.ts';
import type { Reporter } from './updates/reporter.ts';

/** Milliseconds between two checks whether all connections are gone. */
const LOOK_MS = 20;

/** What a started gateway has to stop. */
export interface Started {
  readonly parts: Parts;
  readonly adapters: Adapters;
  readonly readiness: Readiness;
  readonly probes: ProbeListener | undefined;
  readonly reporter: Reporter;
}

export interface Adapters {
  readonly bus: RingBusFollower;
  readonly store: RingReader;
}

/** Stops a gateway in an order in which each step makes the next one harmless. */
export async function shutDown(started: Started, { unreadyMs, drainMs }: LiveOptions): Promise<void> {
  const { parts, adapters, readiness, probes, reporter } = started;
  // Unready first, while everything still works: load balancers take the gateway out before it refuses anybody.
  readiness.stop();
  if (unreadyMs > 0) await delay(unreadyMs);
  await drain(parts, drainMs);
  // The controller counts on the reports until here; after the leave message it waits for this gateway no longer.
  parts.updates.stop();
  await reporter.leave();
  await closeAdapters(parts, adapters);
  // Probes last: until here they say that the process is alive and stopping.
  await probes?.close();
}

/** Resolves when no client is left. */
async function drain({ mover, plane, tracker, limits }: Parts, drainMs: number): Promise<void> {
  // No more moves, since all clients are told to leave now. New rings still redirect those that are connecting.
  mover.stop();
  // Then nobody new comes in, on kept connections neither, so that the number of those inside only falls.
  plane.retire();
  const closed = new Promise<void>((resolve) => plane.server.close(() => resolve()));
  // Then those inside leave, spread out, so that they do not reach the other gateways all at once.
  const drained = performance.now() + drainMs;
  await closeAll(tracker, drainMs, limits.value);
  // Requests in progress have the drain time too. The server itself would wait for upgraded sockets, but never end
  // them.
  await plane.answered(Math.max(0, drained - performance.now()));
  await plane.destroy();
  await closed;
}

/** Also for a gateway whose start failed. */
export async function closeAdapters(parts: Parts, { bus, store }: Adapters): Promise<void> {
  parts.stop();
  await Promise.allSettled([bus.close(), store.close()]);
}

/**
 * Closes all connections with 1001, spread evenly over `drainMs`, and resolves when they are gone. Connections that
 * miss the deadlines of the close handshake are destroyed.
 */
async function closeAll(tracker: Tracker<LiveConnection>, drainMs: number, limits: Limits): Promise<void> {
  const all = tracker.all();
  if (all.length === 0) return;
  const pacer = new Pacer<LiveConnection>((entry) => entry.close(GOING_AWAY));
  pacer.set(all, drainMs);
  await goneWithin(tracker, drainMs + limits.messageGraceMs + limits.closeMs + limits.nodeCloseMs);
  pacer.stop();
  for (const entry of tracker.all()) entry.destroy();
  await goneWithin(tracker, limits.nodeCloseMs);
}

function goneWithin(tracker: Tracker<LiveConnection>, ms: number): Promise<void> {
  const deadline = performance.now() + ms;
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      if (tracker.size > 0 && performance.now() < deadline) return;
      clearInterval(timer);
      resolve();
    }, LOOK_MS);
  });
}
