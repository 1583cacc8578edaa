import { WsClusterError } from '@wscluster/ring';
import type { Logger } from '@wscluster/service';
import type { WorkloadSource } from '../ports/workload-source.ts';
import { desiredReplicas } from '../spec/nodes-schema.ts';
import type { SpecStore } from '../spec/spec-store.ts';
import type { Scaler } from './scaler.ts';

export interface NodeOperationParts {
  readonly spec: SpecStore;
  readonly log: Logger;
  readonly source: WorkloadSource;
  readonly scaler: Scaler;
  /** Runs work in turn with the reconcile loop, which then looks again. */
  inTurn<T>(work: () => Promise<T>): Promise<T>;
}

/** What people do to single nodes. Each operation runs in turn with the loop, so that no listing sees half of it. */
export class NodeOperations {
  readonly #parts: NodeOperationParts;

  constructor(parts: NodeOperationParts) {
    this.#parts = parts;
  }

  /** Adds a managed node: one more replica. Resolves with the id of the new node. */
  add(): Promise<string> {
    return this.#parts.inTurn(async () => {
      const id = await this.#parts.scaler.create();
      await this.#changeReplicas(1);
      return id;
    });
  }

  /**
   * Drains a node: its slots leave in steps, then it stops. For a managed node, `replicas` falls by one. NOT_FOUND if
   * there is no such node, CONFLICT if it is draining already.
   */
  drain(id: string): Promise<void> {
    return this.#parts.inTurn(async () => {
      const { source } = this.#parts;
      const workload = (await source.list()).find((listed) => listed.id === id && listed.phase !== 'gone');
      if (workload === undefined) throw new WsClusterError('NOT_FOUND', `there is no node ${id}`, { field: 'id' });
      if (workload.phase === 'draining') throw new WsClusterError('CONFLICT', `node ${id} is already draining`);
      if (workload.managed) await this.#changeReplicas(-1);
      await source.drain(id);
      this.#parts.log.info({ event: 'node-drain', node: id }, `node ${id} is draining`);
    });
  }

  /** Ends a node at once, as a crash would; a managed node is replaced. NOT_FOUND if there is no such node. */
  kill(id: string): Promise<void> {
    return this.#parts.inTurn(async () => {
      await this.#parts.source.kill(id);
      this.#parts.log.info({ event: 'node-kill', node: id }, `node ${id} is killed`);
    });
  }

  #changeReplicas(by: number): Promise<void> {
    return this.#parts.spec.update((spec) => ({
      ...spec,
      nodes: { ...spec.nodes, replicas: Math.max(0, desiredReplicas(spec.nodes) + by) },
    }));
  }
}
