import type { ServerResponse } from 'node:http';
import { DEFAULT_MOVE_SETTINGS, type Release } from '@wscluster/ring';
import { hasMoved } from '../move/planner.ts';
import type { Table } from '../table/table.ts';

/** A plain request at a node. It is no connection: it ends by itself, in general soon. */
interface Pending {
  readonly slot: number;
  readonly nodeId: string;
  /** Set while its key is with another node. */
  deadline: NodeJS.Timeout | undefined;
}

/** Gives the requests whose key has moved to another node some time, and then ends them. */
export class LateAnswers {
  readonly #pending = new Map<ServerResponse, Pending>();

  /** The node answers this request, until forget or another call. */
  watch(res: ServerResponse, slot: number, nodeId: string): void {
    this.forget(res);
    this.#pending.set(res, { slot, nodeId, deadline: undefined });
  }

  forget(res: ServerResponse): void {
    clearTimeout(this.#pending.get(res)?.deadline);
    this.#pending.delete(res);
  }

  /** Call this after each change of the table and for each release. */
  update(table: Table | undefined, release: Release): void {
    if (table === undefined) return;
    const { httpSeconds } = table.settings.moves ?? DEFAULT_MOVE_SETTINGS;
    for (const [res, pending] of this.#pending)
      if (hasMoved(pending, table, release)) pending.deadline ??= setTimeout(() => res.destroy(), httpSeconds * 1000);
      else {
        clearTimeout(pending.deadline);
        pending.deadline = undefined;
      }
  }
}
