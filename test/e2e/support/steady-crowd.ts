import { SteadyClient } from './steady-client.ts';
import type { System } from './system.ts';
import { until } from './wait.ts';

interface SteadyCrowdOptions {
  readonly size: number;
  /** Messages of all clients together, a second. */
  readonly perSecond: number;
  /** The nodes name themselves first; default true. */
  readonly greeted?: boolean;
}

/** Many clients with keys of their own, which never reconnect, spread over the gateways. They talk all the time. */
export class SteadyCrowd {
  readonly #clients: SteadyClient[] = [];
  #talk: NodeJS.Timeout | undefined;

  static async connect(system: Pick<System, 'clientUrls'>, options: SteadyCrowdOptions): Promise<SteadyCrowd> {
    const crowd = new SteadyCrowd();
    try {
      await crowd.#connect(system, options);
    } catch (error) {
      crowd.stop();
      throw error;
    }
    let turn = 0;
    const { size, perSecond } = options;
    crowd.#talk = setInterval(() => crowd.#clients[turn++ % size]?.send(), 1000 / perSecond);
    return crowd;
  }

  async #connect(system: Pick<System, 'clientUrls'>, { size, greeted = true }: SteadyCrowdOptions): Promise<void> {
    const allOpen = () => this.#clients.every(({ open }) => open);
    for (let index = 0; index < size; index++) {
      const key = `steady-${index}`;
      const urls = system.clientUrls(key);
      const url = urls[index % urls.length] ?? '';
      this.#clients.push(new SteadyClient(key, url, { greeted, compress: index % 2 === 0 }));
      // In waves, so that the accept queues of a small machine do not overflow.
      if (index % 100 === 99) await until('a wave of clients is connected', allOpen);
    }
    await until('all are connected', allOpen);
  }

  /** Waits until each is with its owner, by the numbers of connections of all nodes. */
  async atTheirOwners(system: Pick<System, 'owners' | 'nodes'>): Promise<void> {
    let last = '';
    const look = async () => {
      const [nodes, owner] = [await system.nodes(), await system.owners()];
      const counts = nodes.map(({ id, connections }) => {
        return { id, connections, owned: this.#clients.filter(({ key }) => owner(key) === id).length };
      });
      last = JSON.stringify(counts);
      return counts.every(({ connections, owned }) => connections === owned);
    };
    await until('each is with its owner', look).catch((error: Error) => {
      throw new Error(`${error.message}: ${last}, ${this.#faults.slice(0, 10).join(', ')}`);
    });
  }

  /** Ends the talk. Returns what the clients noticed: ends, and echoes that were lost, doubled, or out of order. */
  async noticed(): Promise<string[]> {
    clearInterval(this.#talk);
    const isOver = ({ settled, closes }: SteadyClient) => settled || closes.length > 0;
    await until('all echoes are back', () => this.#clients.every(isOver));
    return this.#faults;
  }

  get #faults(): string[] {
    return this.#clients.flatMap(({ key, faults, closes }) => [...faults, ...closes].map((what) => `${key}: ${what}`));
  }

  stop(): void {
    clearInterval(this.#talk);
    for (const client of this.#clients) client.stop();
  }
}
