import type { Heartbeat } from '@wscluster/ring';
import type { LiveConnection } from '../move/live-connection.ts';
import { Pacer } from '../move/pacer.ts';

export interface SurplusParts {
  readonly gateway: string;
  all(): readonly LiveConnection[];
  sendBack(entry: LiveConnection): void;
}

/**
 * Sends away as many clients as the controller says, over the time that it says. Each order is carried out once,
 * however often it is repeated; when it is no longer repeated, what is left of it stays.
 */
export class SurplusClients {
  readonly #parts: SurplusParts;
  readonly #pacer: Pacer<LiveConnection>;
  #order: string | undefined;

  constructor(parts: SurplusParts) {
    this.#parts = parts;
    this.#pacer = new Pacer((entry) => parts.sendBack(entry));
  }

  onHeartbeat({ surplus = [] }: Pick<Heartbeat, 'surplus'>): void {
    const own = surplus.find(({ gateway }) => gateway === this.#parts.gateway);
    if (own?.order === this.#order) return;
    this.#order = own?.order;
    if (own === undefined) this.#pacer.stop();
    else this.#pacer.set(oldest(this.#parts.all(), own.connections), own.spreadMs);
  }

  stop(): void {
    this.#pacer.stop();
  }
}

/** Those that came back the last time are the youngest, so nobody is told twice while others never are. */
function oldest(all: readonly LiveConnection[], many: number): LiveConnection[] {
  return all
    .filter(({ told, relaying }) => !told && relaying)
    .sort((a, b) => a.birth.seconds - b.birth.seconds || a.birth.lot - b.birth.lot)
    .slice(0, many);
}
