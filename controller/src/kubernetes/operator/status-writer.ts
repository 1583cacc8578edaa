import { messageOf } from '@wscluster/ring';
import { type Logger, Trouble } from '@wscluster/service';
import { API_VERSION, KIND } from '../../core/spec/schema.ts';
import type { Kube } from '../client/kube.ts';
import { patchStatus } from '../client/objects.ts';
import type { ResourceStatus } from '../crd/status-schema.ts';
import type { ClusterResource, WsClusterObject } from './resource.ts';
import { meaningOf } from './status.ts';

/** If only counts of connections change, how often they are written, ms. */
const COUNTS_MS = 10_000;

type Condition = NonNullable<ResourceStatus['conditions']>[number];

export interface StatusWriterParts {
  readonly kube: Kube;
  readonly log: Logger;
  /** The status or reason of a condition has changed, whoever wrote that. */
  onCondition(condition: Condition): void;
}

/** The last status that was written here. */
interface Written {
  readonly uid: string;
  readonly status: ResourceStatus;
  /** The status in the API server's answer, which may contain what others have added. */
  readonly answered: ResourceStatus | undefined;
  readonly resourceVersion: string;
  readonly at: number;
}

/** Writes the status of a resource if its meaning differs from the present one. */
export class StatusWriter {
  readonly #parts: StatusWriterParts;
  #written: Written | undefined;
  #writing = false;
  readonly #trouble: Trouble;

  constructor(parts: StatusWriterParts) {
    this.#parts = parts;
    this.#trouble = new Trouble(parts.log);
  }

  /** The resource with its newest known status: the watch is slightly behind the writes of this process. */
  latest(resource: ClusterResource): ClusterResource {
    const written = this.#lastOf(resource);
    return written === undefined ? resource : { ...resource, status: written.status };
  }

  /** A failure does no harm: the next call retries. */
  async write(resource: ClusterResource, status: ResourceStatus): Promise<void> {
    if (this.#writing) return;
    const { id, namespace, name, uid } = resource;
    const written = this.#lastOf(resource);
    const before = written?.status ?? resource.status;
    const same = before !== undefined && meaningOf(before) === meaningOf(status);
    const sameCounts = status.connections === before?.connections;
    const since = performance.now() - (this.#written?.at ?? Number.NEGATIVE_INFINITY);
    if (same && (sameCounts || since < COUNTS_MS)) return;
    this.#writing = true;
    try {
      const answer = await patchStatus<WsClusterObject>(this.#parts.kube, {
        apiVersion: API_VERSION,
        kind: KIND,
        metadata: { name, namespace, uid },
        status,
      });
      const { resourceVersion } = answer.metadata;
      this.#written = { uid, status, answered: answer.status, resourceVersion, at: performance.now() };
      this.#tell(before?.conditions ?? [], status.conditions ?? []);
      this.#trouble.recovered({ event: 'status-written-again', cluster: id }, `the status of ${id} is written again`);
    } catch (error) {
      const action = 'see the message; the controller tries again';
      this.#trouble.failed({ event: 'status-not-written', cluster: id, action }, messageOf(error));
    } finally {
      this.#writing = false;
    }
  }

  /**
   * The last status written here, unless the watch shows that somebody has changed it since: a former leader, or a
   * person.
   */
  #lastOf({ uid, resourceVersion, status }: ClusterResource): Written | undefined {
    const written = this.#written;
    if (written === undefined || written.uid !== uid) return undefined;
    if (!isNewer(resourceVersion, written.resourceVersion)) return written;
    const { answered } = written;
    const untouched =
      status?.connections === answered?.connections && meaningOf(status ?? {}) === meaningOf(answered ?? {});
    return untouched ? written : undefined;
  }

  #tell(before: readonly Condition[], conditions: readonly Condition[]): void {
    for (const condition of conditions) {
      const old = before.find(({ type }) => type === condition.type);
      if (old?.status !== condition.status || old.reason !== condition.reason) this.#parts.onCondition(condition);
    }
  }
}

/** Versions are increasing numbers. If one is not a number, what the watch shows counts. */
function isNewer(version: string, than: string): boolean {
  if (!/^\d+$/.test(version) || !/^\d+$/.test(than)) return version !== than;
  return BigInt(version) > BigInt(than);
}
