import { WsClusterError } from '@wscluster/ring';
import type { SourceHandlers, Workload, WorkloadSource } from '../../controller/src/core/ports/workload-source.ts';

/** Nodes of somebody else, as a selector finds them: they are listed, and there is no process behind them. */
export class NodeList implements WorkloadSource {
  readonly #handlers: SourceHandlers;
  readonly #nodes: Workload[];
  #lastIsThere = true;

  constructor(nodes: number, handlers: SourceHandlers) {
    this.#handlers = handlers;
    this.#nodes = Array.from({ length: nodes }, (_, n) => ({
      id: `chat-backend-7d9c5b8f64-${String(n).padStart(4, '0')}`,
      address: `10.1.${n >> 8}.${n & 255}:8080`,
      phase: 'ready',
      managed: false,
    }));
  }

  /** Nodes that are there. */
  get count(): number {
    return this.#nodes.length - (this.#lastIsThere ? 0 : 1);
  }

  /** The last node is there from now on, or gone. */
  change(last: 'comes' | 'goes'): void {
    this.#lastIsThere = last === 'comes';
    this.#handlers.onChange();
  }

  async list(): Promise<readonly Workload[]> {
    if (this.#lastIsThere) return this.#nodes;
    return this.#nodes.map((node, n) => (n === this.#nodes.length - 1 ? { ...node, phase: 'gone' as const } : node));
  }

  create = refuse;
  drain = refuse;
  stop = refuse;
  kill = refuse;

  async endAll(): Promise<void> {}
  async close(): Promise<void> {}
}

function refuse(): Promise<never> {
  return Promise.reject(new WsClusterError('SOURCE_UNAVAILABLE', 'these nodes cannot be started or ended'));
}
