import type { ServerResponse } from 'node:http';
import { DEFAULT_MOVE_SETTINGS, type Release } from '@wscluster/ring';
import { hasMoved } from '../move/planner.ts';
import { Roster } from '../roster.ts';
import type { Table } from '../table/table.ts';

/** A plain request at a node. It is no connection: it ends by itself, in general soon. */
export interface Pending {
  readonly res: ServerResponse;
  readonly slot: number;
  readonly nodeId: string;
  /** Set while its key is with another node. */
  deadline: NodeJS.Timeout | undefined;
}

/** What is answered by a node. Only LateAnswers may set `pending`. */
export interface Answerable {
  readonly res: ServerResponse;
  pending: Pending | undefined;
}

/** Gives the requests whose key has moved to another node some time, and then ends them. */
export class LateAnswers {
  readonly #pending = new Roster<Pending>();

  /** The node answers this request, until forget or another call. */
  watch(exchange: Answerable, slot: number, nodeId: string): void {
    this.forget(exchange);
    exchange.pending = { res: exchange.res, slot, nodeId, deadline: undefined };
    this.#pending.add(exchange.pending);
  }

  forget(exchange: Answerable): void {
    const { pending } = exchange;
    if (pending === undefined) return;
    clearTimeout(pending.deadline);
    this.#pending.delete(pending);
    exchange.pending = undefined;
  }

  /** Call this after each change of the table and for each release. */
  update(table: Table | undefined, release: Release): void {
    if (table === undefined) return;
    const { httpSeconds } = table.settings.moves ?? DEFAULT_MOVE_SETTINGS;
    for (const pending of this.#pending)
      if (hasMoved(pending, table, release))
        pending.deadline ??= setTimeout(() => pending.res.destroy(), httpSeconds * 1000);
      else {
        clearTimeout(pending.deadline);
        pending.deadline = undefined;
      }
  }
}
