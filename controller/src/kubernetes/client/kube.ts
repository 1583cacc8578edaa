import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest, type RequestOptions } from 'node:https';
import { text } from 'node:stream/consumers';
import type { KubeConfig } from '@kubernetes/client-node';
import { messageOf, WsClusterError } from '@wscluster/ring';
import { type Logger, withDeadline } from '@wscluster/service';
import { ApiRefusal, apiError, type Request, readRefusal } from './api-error.ts';
import { loadKubeConfig } from './kube-config.ts';
import { Reachability } from './reachability.ts';
import { type Place, pathOf, type Resource } from './resources.ts';

/** Deadline of a request, ms. */
const TIMEOUT_MS = 10_000;
/**
 * How long an idle connection is kept, ms: less than servers and load balancers do, since a request on a closed one
 * fails.
 */
const IDLE_MS = 20_000;

export interface KubeOptions {
  /** Path. Default: the service account of the pod, else KUBECONFIG, else ~/.kube/config. */
  readonly kubeconfig?: string | undefined;
  readonly log: Logger;
}

export interface Call extends Place {
  /** In the terms of RBAC. */
  readonly verb: 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete';
  readonly resource: Resource;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
  /** Content type of the body; default application/json. */
  readonly contentType?: string;
  /** Milliseconds for the whole answer (of a watch: for its beginning); default 10,000. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

const METHODS = {
  get: 'GET',
  list: 'GET',
  watch: 'GET',
  create: 'POST',
  update: 'PUT',
  patch: 'PATCH',
  delete: 'DELETE',
} as const;

/**
 * The API server of a kubeconfig or of the pod's service account. Sends nothing yet. Throws CONFIG_INVALID without a
 * usable configuration.
 */
export function connectKubernetes({ kubeconfig, log }: KubeOptions): Kube {
  return new Kube(kubeconfig, log);
}

/**
 * Requests to one API server. Identities come from the client library's KubeConfig. The requests are made here, because
 * the library opens a TLS connection for each and leaves it to time out. Logs once when the server cannot be reached,
 * and once when it answers again.
 */
export class Kube {
  readonly #path: string | undefined;
  readonly #closing = new AbortController();
  readonly #https = new HttpsAgent({ keepAlive: true, timeout: IDLE_MS });
  readonly #http = new HttpAgent({ keepAlive: true, timeout: IDLE_MS });
  readonly #reachability: Reachability;
  #config: KubeConfig;

  constructor(kubeconfig: string | undefined, log: Logger) {
    this.#path = kubeconfig;
    this.#config = loadKubeConfig(kubeconfig);
    this.#reachability = new Reachability(this.server, log);
  }

  /** Base URL of the API server. */
  get server(): string {
    return this.#config.getCurrentCluster()?.server ?? '';
  }

  /** Namespace of our pod, or of the kubeconfig's context; undefined when it names none. */
  get namespace(): string | undefined {
    return this.#config.getContextObject(this.#config.getCurrentContext())?.namespace?.trim() || undefined;
  }

  /**
   * Makes a call; resolves with the JSON of the answer. Rejects with the error of apiError, or with the signal's
   * reason.
   */
  async call<T>(call: Call): Promise<T> {
    return await this.#answered(call, async (timeout) => {
      const answer = await this.#send(call, this.#signalOf(call, timeout));
      return JSON.parse(await text(answer)) as T;
    });
  }

  /** Like call, for an answer without an end: resolves when it begins. The answer fails when the client is closed. */
  async open(call: Call): Promise<IncomingMessage> {
    return await this.#answered(call, (timeout) => this.#send(call, this.#signalOf(call, timeout)));
  }

  /** Ends all requests and connections. */
  close(): void {
    this.#closing.abort(new WsClusterError('SHUTTING_DOWN', 'the Kubernetes client is closed'));
    this.#https.destroy();
    this.#http.destroy();
  }

  #signalOf({ signal }: Call, timeout: AbortSignal): AbortSignal {
    return AbortSignal.any([this.#closing.signal, timeout, ...(signal === undefined ? [] : [signal])]);
  }

  async #answered<T>(call: Call, work: (timeout: AbortSignal) => Promise<T>): Promise<T> {
    const { timeoutMs: ms = TIMEOUT_MS } = call;
    const late = () => new Error(`no answer within ${ms / 1000} s`);
    try {
      const answer = await withDeadline({ ms, late }, work);
      this.#reachability.answered();
      return answer;
    } catch (thrown) {
      if (this.#closing.signal.aborted) throw this.#closing.signal.reason;
      call.signal?.throwIfAborted();
      const error = apiError(thrown, this.server, requestOf(call));
      if (thrown instanceof ApiRefusal) this.#reachability.answered();
      else this.#reachability.failed(error);
      throw error;
    }
  }

  async #send(call: Call, signal: AbortSignal): Promise<IncomingMessage> {
    try {
      return await this.#sendOnce(call, signal);
    } catch (error) {
      if (!(error instanceof ApiRefusal) || error.status !== 401) throw error;
      // Tokens and certificates rotate: once more with the present files.
      this.#config = loadKubeConfig(this.#path);
      return await this.#sendOnce(call, signal);
    }
  }

  async #sendOnce(call: Call, signal: AbortSignal): Promise<IncomingMessage> {
    signal.throwIfAborted();
    const { verb, resource, query = {}, body, contentType = 'application/json' } = call;
    const url = new URL(this.server + pathOf(resource, call));
    for (const [name, value] of Object.entries(query))
      if (value !== undefined) url.searchParams.set(name, String(value));
    const payload = body === undefined ? undefined : JSON.stringify(body);
    const options = await this.#connectionOptions();
    const headers: Record<string, string | number> = {
      ...(options.headers as Record<string, string>),
      accept: 'application/json',
      'user-agent': 'wscluster-controller',
    };
    if (payload !== undefined) {
      headers['content-type'] = contentType;
      headers['content-length'] = Buffer.byteLength(payload);
    }
    const send = url.protocol === 'http:' ? httpRequest : httpsRequest;
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const request = send(url, { ...options, method: METHODS[verb], headers, signal }, resolve);
      request.on('error', reject);
      request.end(payload);
    });
    // The signal destroys the answer later, and its reader sees that. Without a listener the error would end the
    // process.
    answer.on('error', () => {});
    const status = answer.statusCode ?? 0;
    if (status >= 200 && status < 300) return answer;
    throw readRefusal(status, await text(answer), answer.headers['retry-after']);
  }

  async #connectionOptions(): Promise<RequestOptions> {
    const options: RequestOptions = {};
    const cluster = this.#config.getCurrentCluster();
    try {
      await this.#config.applyToHTTPSOptions(options);
    } catch (error) {
      throw new WsClusterError('CONFIG_INVALID', `the kubeconfig cannot be used: ${messageOf(error)}`, {
        field: 'kubeconfig',
        cause: error,
      });
    }
    // The library's agent keeps no connections; it is only needed behind a proxy.
    if (cluster?.proxyUrl === undefined)
      return { ...options, agent: this.server.startsWith('http:') ? this.#http : this.#https } as RequestOptions;
    return options;
  }
}

function requestOf({ verb, resource, namespace, name, subresource }: Call): Request {
  return {
    verb,
    resource: subresource === undefined ? resource.plural : `${resource.plural}/${subresource}`,
    namespace,
    name,
  };
}
