import type { Change, Clusters, Delivery, Owner, Plan, Problem, Ring, SlotOwner } from '@wscluster/controller/api';
import { problemText } from './problem-text.ts';

/** An error from the API; `status` 0 if it could not be reached. */
export class ApiError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** The controller's API, at the origin that the page came from. */
export class Api {
  readonly #token: string | undefined;

  constructor(token: string | undefined) {
    this.#token = token;
  }

  clusters(): Promise<Clusters> {
    return this.#json('GET', '');
  }

  of(cluster: string): ClusterApi {
    return new ClusterApi((method, path, body, signal) =>
      this.#call(method, `/${encodeURIComponent(cluster)}${path}`, body, signal),
    );
  }

  async #json<T>(method: string, path: string): Promise<T> {
    return (await (await this.#call(method, path)).json()) as T;
  }

  async #call(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
    const headers: Record<string, string> = {};
    if (this.#token !== undefined) headers.authorization = `Bearer ${this.#token}`;
    if (body !== undefined) headers['content-type'] = 'application/json';
    const init: RequestInit = { method, headers };
    if (body !== undefined) init.body = JSON.stringify(body);
    if (signal !== undefined) init.signal = signal;
    let response: Response;
    try {
      response = await fetch(`/api/v1/clusters${path}`, init);
    } catch (error) {
      throw new ApiError(
        0,
        `the controller does not answer: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
    if (response.ok) return response;
    const problem = (await response.json().catch(() => ({}))) as Partial<Problem>;
    throw new ApiError(response.status, problemText(problem, response.status));
  }
}

/** Who owns the slots. */
export interface RingTable {
  readonly members: readonly { readonly nodeId: string; readonly ringId: number }[];
  /** For each slot the index of its owner in `members`; 65,535 if it has none. */
  readonly table: Uint16Array;
}

type Call = (method: string, path: string, body?: unknown, signal?: AbortSignal) => Promise<Response>;

/** The requests about one cluster. All reject with ApiError. */
export class ClusterApi {
  readonly #call: Call;

  constructor(call: Call) {
    this.#call = call;
  }

  async table(): Promise<RingTable> {
    const { members, table } = (await (await this.#call('GET', '/ring?slots=true')).json()) as Ring;
    return { members, table: Uint16Array.from(table ?? []) };
  }

  async owner(key: string): Promise<Owner> {
    return (await (await this.#call('GET', `/owner?key=${encodeURIComponent(key)}`)).json()) as Owner;
  }

  async slot(slot: number): Promise<SlotOwner> {
    return (await (await this.#call('GET', `/slots/${slot}`)).json()) as SlotOwner;
  }

  async plan(change: Change): Promise<Plan> {
    return (await (await this.#call('POST', '/plan', { change })).json()) as Plan;
  }

  async addNode(): Promise<void> {
    await this.#call('POST', '/nodes');
  }

  async removeNode(id: string, mode: 'drain' | 'kill'): Promise<void> {
    await this.#call('DELETE', `/nodes/${encodeURIComponent(id)}?mode=${mode}`);
  }

  /** Weights belong to ring ids, so that a replacement inherits them. */
  async weigh(ringId: number, weight: number): Promise<void> {
    await this.#call('PATCH', '', { spec: { nodes: { weights: { [ringId]: weight } } } });
  }

  async send(key: string, message: string): Promise<Delivery> {
    return (await (await this.#call('POST', '/messages', { key, message })).json()) as Delivery;
  }

  /** The body of the event stream, which includes the state. */
  async events(signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    const { body } = await this.#call('GET', '/events?state=true', undefined, signal);
    if (body === null) throw new ApiError(0, 'the event stream is empty');
    return body;
  }
}
