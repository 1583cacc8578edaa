import { Client, type Session } from './client.ts';
import type { System } from './system.ts';
import { until } from './wait.ts';

export interface CrowdOptions {
  readonly silent?: boolean;
  readonly client?: typeof newClient;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Many clients with keys of their own, spread over the gateways, each sending a number about twice a second; silent
 * ones send nothing by themselves.
 */
export class Crowd {
  readonly clients: Client[];
  readonly #timer: NodeJS.Timeout;

  private constructor(clients: Client[], silent: boolean) {
    this.clients = clients;
    let turn = 0;
    const batch = silent ? 0 : Math.ceil(clients.length / 25);
    this.#timer = setInterval(() => {
      for (let n = 0; n < batch; n++) clients[turn++ % clients.length]?.send();
    }, 20);
  }

  /** Resolves once all are connected, or `signal` is aborted. */
  static async connect(
    system: Pick<System, 'clientUrls'>,
    size: number,
    { silent = false, client = newClient, signal }: CrowdOptions = {},
  ): Promise<Crowd> {
    const clients: Client[] = [];
    const connected = () => signal?.aborted === true || clients.every((one) => one.connected);
    for (let index = 0; index < size; index++) {
      clients.push(client(`user-${index}`, system.clientUrls(`user-${index}`), index));
      // In waves, so that the accept queues of a small machine do not overflow.
      if (index % 100 === 99) await until('a wave of clients is connected', connected);
    }
    await until('all clients are connected', connected);
    return new Crowd(clients, silent);
  }

  /** The keys of the clients of which `true` is said. */
  keys(of: (client: Client) => boolean): string[] {
    return this.clients
      .filter(of)
      .map((client) => client.key)
      .sort();
  }

  /** All sessions that have ended. */
  get closes(): Session[] {
    return this.clients.flatMap((client) => client.closes);
  }

  async allConnected(deadlineMs = 60_000): Promise<void> {
    await until(
      'all clients are connected again',
      () => this.clients.every((client) => client.connected),
      deadlineMs,
      5,
    );
  }

  /** Stops sending, waits for the last echoes, or until `signal` is aborted; every fault of every client. */
  async quiet(signal?: AbortSignal): Promise<string[]> {
    clearInterval(this.#timer);
    const settled = () => signal?.aborted === true || this.clients.every((client) => client.settled);
    await until('all echoes are back', settled);
    return this.clients.flatMap((client) => client.faults.map((fault) => `${client.key}: ${fault}`));
  }

  stop(): void {
    clearInterval(this.#timer);
    for (const client of this.clients) client.stop();
  }
}

function newClient(key: string, urls: readonly string[], index: number): Client {
  return new Client(key, urls, index);
}
