import type { Problem } from '@wscluster/controller/api';
import { ERROR_CODES, type ErrorCode, messageOf, WsClusterError } from '@wscluster/ring';
import { readAnswer } from './read-answer.ts';

export interface ApiAddress {
  readonly url: URL;
  readonly token: string | undefined;
  /** Undefined: the only cluster that the controller runs. */
  readonly cluster: string | undefined;
}

/** Deadline of an answer, or of the head of a stream, ms. */
const ANSWER_MS = 10_000;

/**
 * The API of a controller. Throws API_UNREACHABLE if nothing answers, and the API's own errors with their codes:
 * NOT_FOUND, CONFLICT, UNAUTHORIZED and so on.
 */
export class Api {
  readonly #address: ApiAddress;

  constructor(address: ApiAddress) {
    this.#address = address;
  }

  /**
   * Calls a path of the cluster (`/nodes`), or of the API itself if `path` is `/clusters`. Returns the JSON of the
   * answer.
   */
  async ask(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<unknown> {
    const answer = await this.#fetch(path, {
      method,
      signal: AbortSignal.timeout(ANSWER_MS),
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    const text = await answer.text().catch((error: unknown) => {
      throw this.#unreachable(error);
    });
    return this.#parsed(text);
  }

  /** Opens a stream of events; it ends when the controller does, or when `signal` is aborted. */
  async events(
    path: string,
    lastEventId: string | undefined,
    signal: AbortSignal,
  ): Promise<ReadableStream<Uint8Array>> {
    const headers = {
      accept: 'text/event-stream',
      ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
    };
    const opening = new AbortController();
    const timer = setTimeout(() => opening.abort(new Error(`no answer within ${ANSWER_MS / 1000} s`)), ANSWER_MS);
    const answer = await this.#fetch(path, { headers, signal: AbortSignal.any([opening.signal, signal]) }).finally(() =>
      clearTimeout(timer),
    );
    if (answer.body === null) throw this.#notOurs();
    return answer.body;
  }

  async #fetch(path: string, init: RequestInit): Promise<Response> {
    const { url, token, cluster } = this.#address;
    const prefix = cluster === undefined || path === '/clusters' ? '' : `/clusters/${encodeURIComponent(cluster)}`;
    const target = new URL(`${url.pathname.replace(/\/+$/, '')}/api/v1${prefix}${path}`, url);
    const headers = new Headers(init.headers);
    if (token !== undefined) headers.set('authorization', `Bearer ${token}`);
    let answer: Response;
    try {
      answer = await fetch(target, { ...init, headers });
    } catch (error) {
      throw this.#unreachable(error);
    }
    if (!answer.ok) throw this.#refusal(answer.status, await answer.text());
    const knownAt = answer.headers.get('x-wscluster-known-at');
    if (knownAt !== null) process.stderr.write(`no leader can be asked: this was known at ${knownAt}\n`);
    return answer;
  }

  #refusal(status: number, text: string): WsClusterError {
    const { code, detail, field } = this.#problem(text, status);
    const known = code in ERROR_CODES ? (code as ErrorCode) : 'INTERNAL';
    return new WsClusterError(known, detail, field === undefined ? {} : { field });
  }

  #problem(text: string, status: number): Problem {
    const answer = this.#parsed(text, status);
    try {
      return readAnswer('Problem', answer);
    } catch {
      throw this.#notOurs(status);
    }
  }

  #parsed(text: string, status?: number): unknown {
    try {
      return JSON.parse(text) as unknown;
    } catch {
      throw this.#notOurs(status);
    }
  }

  #notOurs(status?: number): WsClusterError {
    const answer = status === undefined ? 'an answer' : `an answer ${status}`;
    return new WsClusterError(
      'MESSAGE_INVALID',
      `${this.#address.url.origin} gives ${answer} that is not from the API: another program listens there`,
    );
  }

  #unreachable(error: unknown): WsClusterError {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const why = (cause as NodeJS.ErrnoException).code ?? messageOf(cause);
    return new WsClusterError(
      'API_UNREACHABLE',
      `the API at ${this.#address.url.origin} cannot be reached (${why}): start a cluster with \`wscluster dev\`, or ` +
        'name the address with --api',
      { cause: error },
    );
  }
}
