import { type Revision, type RingMessage, WsClusterError } from '@wscluster/ring';
import type { HubHandlers, RingBusHub } from '@wscluster/transport';
import type { Registry } from '../ports/registry.ts';
import type { SourceHandlers, WorkloadSource } from '../ports/workload-source.ts';
import type { ReignParts } from './parts.ts';

export interface OpenedParts {
  readonly bus: RingBusHub;
  readonly source: WorkloadSource;
  readonly registry: Registry | undefined;
  /** The ring that the last leader left; undefined if there is none, or it cannot be read. */
  readonly stored: RingMessage | undefined;
  readonly storedRevision: Revision | undefined;
}

/**
 * Reads the last ring and opens bus, source and registry. If one of them rejects, this closes all of them and the
 * store, and rejects too.
 */
export async function openParts(parts: ReignParts, handlers: HubHandlers & SourceHandlers): Promise<OpenedParts> {
  const opened: { close(): Promise<void> }[] = [parts.store];
  const keep = <T extends { close(): Promise<void> } | undefined>(part: T): T => {
    if (part !== undefined) opened.push(part);
    return part;
  };
  try {
    const last = await lastRing(parts);
    const bus = keep(await parts.openBus(handlers));
    const source = keep(await parts.openSource(handlers));
    return { ...last, bus, source, registry: keep(await parts.openRegistry()) };
  } catch (error) {
    await Promise.allSettled(opened.map((part) => part.close()));
    throw error;
  }
}

/** An unreadable ring is as good as none: a new one has to be made in any case. */
async function lastRing({ store, name, log }: ReignParts): Promise<Pick<OpenedParts, 'stored' | 'storedRevision'>> {
  try {
    const stored = await store.load();
    return { stored, storedRevision: stored?.revision };
  } catch (error) {
    if (!(error instanceof WsClusterError && error.code === 'MESSAGE_INVALID')) throw error;
    const action = 'check what wrote to the store; clients may move once';
    log.error(
      { event: 'stored-ring-damaged', cluster: name, error, action },
      `the stored ring cannot be read, so a new ring is made: ${error.message}`,
    );
    return { stored: undefined, storedRevision: await store.revision() };
  }
}
