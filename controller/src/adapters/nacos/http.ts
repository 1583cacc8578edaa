import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { messageOf, WsClusterError } from '@wscluster/ring';

/** Deadline of one call to one server, in milliseconds. */
const TIMEOUT_MS = 5_000;
/** More than the list of the largest service; anything larger is not an answer from Nacos. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

export interface Answer {
  readonly status: number;
  readonly text: string;
  /** Base URL of the server that answered, for messages. */
  readonly server: string;
}

export interface Call {
  readonly method: string;
  /** Relative to the context path. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Sent in the body, which is not in access logs. */
  readonly form?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * HTTP calls to the servers of one Nacos. A call goes to the server that answered last, and to the next one if that
 * does not answer within 5 s or answers 5xx. All calls that are made are safe to repeat.
 */
export class NacosHttp {
  readonly #bases: readonly URL[];
  readonly #agent: HttpAgent;
  readonly #closed = new AbortController();
  #answering = 0;

  constructor(options: { servers: readonly string[]; scheme: 'http' | 'https'; contextPath: string }) {
    const { servers, scheme, contextPath } = options;
    if (servers.length === 0)
      throw new WsClusterError('CONFIG_INVALID', 'no Nacos server is configured: give at least one host:port');
    const path = contextPath.replace(/^\/*/, '/').replace(/\/*$/, '');
    this.#bases = servers.map((server) => new URL(`${scheme}://${server}${path}`));
    this.#agent = scheme === 'https' ? new HttpsAgent({ keepAlive: true }) : new HttpAgent({ keepAlive: true });
  }

  /** Returns the answer, whatever its status. Rejects with REGISTRY_UNAVAILABLE if no server answers. */
  async call(call: Call): Promise<Answer> {
    const failures: string[] = [];
    let answer: Answer | undefined;
    const first = this.#answering;
    for (const base of [...this.#bases.slice(first), ...this.#bases.slice(0, first)]) {
      try {
        answer = await this.#ask(base, call);
        this.#answering = this.#bases.indexOf(base);
        if (answer.status < 500) return answer;
      } catch (error) {
        failures.push(`${nameOf(base)}: ${messageOf(error)}`);
      }
    }
    if (answer !== undefined) return answer;
    throw new WsClusterError(
      'REGISTRY_UNAVAILABLE',
      `no Nacos server answers (${failures.join('; ')}): bring one back, or correct the servers of the registry`,
    );
  }

  /** Fails calls in progress and later ones. Leaves no connection. */
  close(): void {
    this.#closed.abort();
    this.#agent.destroy();
  }

  async #ask(base: URL, call: Call): Promise<Answer> {
    try {
      return await this.#once(base, call);
    } catch (error) {
      // If the server closed a kept connection, that says nothing about the server.
      if (error instanceof StaleConnection) return await this.#once(base, call);
      throw error;
    }
  }

  #once(base: URL, { method, path, query, form, headers }: Call): Promise<Answer> {
    const url = new URL(base);
    url.pathname = `${base.pathname.replace(/\/$/, '')}${path}`;
    url.search = new URLSearchParams(query).toString();
    const body = form === undefined ? undefined : new URLSearchParams(form).toString();
    const send = base.protocol === 'https:' ? httpsRequest : httpRequest;
    return new Promise((resolve, reject) => {
      const request = send(url, {
        method,
        agent: this.#agent,
        headers: {
          ...headers,
          ...(body === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
        },
        signal: AbortSignal.any([this.#closed.signal, AbortSignal.timeout(TIMEOUT_MS)]),
      });
      request.on('response', (response) => {
        read(response).then(
          (text) => resolve({ status: response.statusCode ?? 0, text, server: nameOf(base) }),
          reject,
        );
      });
      request.on('error', (error) => {
        if (this.#closed.signal.aborted) reject(new Error('closed by us'));
        else if (error.name === 'AbortError' || error.name === 'TimeoutError')
          reject(new Error(`no answer within ${TIMEOUT_MS} ms`));
        else if (request.reusedSocket) reject(new StaleConnection(error.message));
        else reject(error);
      });
      request.end(body);
    });
  }
}

class StaleConnection extends Error {}

const nameOf = (base: URL) => base.href.replace(/\/$/, '');

async function read(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) throw new Error(`the answer is larger than ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
