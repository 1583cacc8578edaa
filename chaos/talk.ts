import { type Answered, Client, type Conversation } from '../test/e2e/support/client.ts';

/** What a node of chaos says of itself; one whose connection was lost elsewhere says this alone, before any answer. */
export interface Visit {
  readonly node: string;
  /** Of the node's connection: another one after each move. */
  readonly visit: string;
  /** How the connection came to the node: from a client, from its former owner, or from one that was lost. */
  readonly came: 'new' | 'moved' | 'lost';
}

/** What the nodes of chaos answer to each number. */
export interface Answer extends Visit {
  readonly number: number;
  /** How many the client was answered before, as far as the nodes have told each other. */
  readonly count: number;
}

/** What a client of chaos asks for in its URL: how it moves, and a node that knows nothing of migrations. */
const QUERIES = ['', 'wscluster-mode=migrate', 'plain', 'wscluster-mode=migrate&plain', 'wscluster-mode=reconnect'];

/** Clients of all kinds in turn. */
export function chaosClient(key: string, urls: readonly string[], index: number): Client {
  const query = QUERIES[index % QUERIES.length] ?? '';
  const asked = urls.map((url) => (query === '' ? url : `${url}?${query}`));
  return new Client(key, asked, index, () => new Talk(query.includes('plain')));
}

/** How a connection is to move; undefined: as the cluster has it. */
export function modeOf(url: string): string | undefined {
  return new URL(url).searchParams.get('wscluster-mode') ?? undefined;
}

/**
 * Checks the answers of one connection. Each number is answered once and in order, wherever the connection is, and a
 * node knows how many were answered before. Only a node that was lost may have left some unanswered.
 */
export class Talk implements Conversation {
  readonly #plain: boolean;
  #number = 0;
  #count = 0;
  #visit: string | undefined;
  /** A node was lost, and none has answered since. */
  #mayMiss = false;

  /** `plain`: its nodes hand nothing over. */
  constructor(plain: boolean) {
    this.#plain = plain;
  }

  take(text: string): Answered {
    const said = JSON.parse(text) as Visit | Answer;
    const { node, visit, came } = said;
    const isNew = visit !== this.#visit;
    const isArrival = isNew && came !== 'new';
    const isLost = isArrival && came === 'lost';
    if (isLost || (isArrival && this.#plain)) this.#count = 0;
    this.#mayMiss ||= isLost;
    const faults = [
      ...('number' in said ? this.#faultsOf(said) : []),
      ...(isNew && came === 'new' && this.#visit !== undefined ? ['taken for a new connection'] : []),
    ];
    this.#visit = visit;
    return {
      ...('number' in said && { number: said.number }),
      ...(faults.length > 0 && { fault: `${faults.join(', ')} (${came} at ${node})` }),
      ...(isArrival && { arrival: { node, lost: isLost } }),
    };
  }

  #faultsOf({ number, count }: Answer): string[] {
    const isInOrder = this.#mayMiss ? number >= this.#number : number === this.#number;
    const faults = [
      ...(isInOrder ? [] : [`got ${number}, expected ${this.#number}`]),
      ...(count === this.#count ? [] : [`the node counts ${count}, not ${this.#count}`]),
    ];
    this.#mayMiss = false;
    this.#number = number + 1;
    this.#count = count + 1;
    return faults;
  }
}
