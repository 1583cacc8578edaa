import { messageOf } from '@wscluster/ring';
import type { Logger } from '@wscluster/service';
import type { ResourceStatus } from '../cluster/status-schema.ts';
import type { Kube } from '../kubernetes/kube.ts';
import { patchStatus } from '../kubernetes/objects.ts';
import type { ClusterResource } from './resource.ts';
import { meaningOf } from './status.ts';

/** Counts of connections that changed alone are written this often, ms. */
const COUNTS_MS = 10_000;

export interface StatusWriterParts {
  readonly kube: Kube;
  readonly log: Logger;
  /** A condition has another status or reason than before. */
  onCondition(condition: NonNullable<ResourceStatus['conditions']>[number]): void;
}

/** Writes the status of a resource when it differs in meaning from the one that is there. */
export class StatusWriter {
  readonly #parts: StatusWriterParts;
  #written: { uid: string; meaning: string; connections: number | undefined; at: number } | undefined;
  #writing = false;
  #told: string | undefined;

  constructor(parts: StatusWriterParts) {
    this.#parts = parts;
  }

  /** Failing is no matter: the next call tries again. */
  async write({ namespace, name, uid, status: before }: ClusterResource, status: ResourceStatus): Promise<void> {
    if (this.#writing) return;
    const meaning = meaningOf(status);
    const known = this.#written?.uid === uid ? this.#written : undefined;
    const same = meaning === (known?.meaning ?? (before && meaningOf(before)));
    const counted = status.connections === (known?.connections ?? before?.connections);
    if (same && (counted || performance.now() - (known?.at ?? 0) < COUNTS_MS)) return;
    this.#writing = true;
    try {
      await patchStatus(this.#parts.kube, {
        apiVersion: 'wscluster.io/v1alpha1',
        kind: 'WsCluster',
        metadata: { name, namespace, uid },
        status,
      });
      if (!same) this.#tell(before, status);
      this.#written = { uid, meaning, connections: status.connections, at: performance.now() };
      this.#told = undefined;
    } catch (error) {
      this.#note(error);
    } finally {
      this.#writing = false;
    }
  }

  /** The status that was there is only known for the first one; later ones are compared with the last one written. */
  #last: ResourceStatus['conditions'];
  #tell(before: ResourceStatus | undefined, { conditions = [] }: ResourceStatus): void {
    const last = this.#last ?? before?.conditions ?? [];
    this.#last = conditions;
    for (const condition of conditions) {
      const old = last.find(({ type }) => type === condition.type);
      if (old?.status !== condition.status || old.reason !== condition.reason) this.#parts.onCondition(condition);
    }
  }

  #note(error: unknown): void {
    const message = messageOf(error);
    if (message === this.#told) return;
    this.#told = message;
    this.#parts.log.warn({ event: 'status-not-written', action: 'see the message; it is tried again' }, message);
  }
}
