import { setTimeout as delay } from 'node:timers/promises';
import { type Member, WsClusterError } from '@wscluster/ring';
import type { Logger } from '@wscluster/service';
import type { Registry } from '../../core/ports/registry.ts';
import { ApiMissing } from './answers.ts';
import type { NacosApi } from './api.ts';
import { chooseApi } from './choose-api.ts';
import { converge, type Reached } from './converge.ts';
import { NacosHttp } from './http.ts';
import { type Instance, instancesOf, keyOf } from './instances.ts';
import type { CredentialsProvider, NacosCredentials } from './session.ts';

export type { CredentialsProvider, NacosCredentials } from './session.ts';

/** After a failure, lists may not show yet what was written before it. Milliseconds. */
const SETTLE_MS = 1_500;

export interface NacosRegistryOptions {
  /** `host:port` each; if one fails, the next one is asked. */
  readonly servers: readonly string[];
  /** Default http. */
  readonly scheme?: 'http' | 'https';
  /** Default /nacos. */
  readonly contextPath?: string;
  /** Generation of the API; `auto` (the default) takes v3 where the server has it. */
  readonly api?: 'auto' | 'v1' | 'v3';
  /** Id of the namespace; default public. */
  readonly namespace?: string;
  /** Default DEFAULT_GROUP. */
  readonly group?: string;
  readonly service: string;
  /**
   * Nacos' name for a part of a service: cluster. Default DEFAULT. Nacos checks the health of none of its instances.
   */
  readonly clusterName?: string;
  /** A function, since credentials rotate: the next login uses the new ones, and a refusal causes a login. */
  readonly credentials?: NacosCredentials | CredentialsProvider | undefined;
  /**
   * Owner of the instances: only those with this owner in their metadata are touched. Unique among all who write there.
   */
  readonly owner: string;
  /** Name of the WsCluster, for the metadata; default the owner. */
  readonly cluster?: string;
  readonly log: Logger;
}

/**
 * Keeps the nodes of a cluster as persistent instances of a Nacos service. `sync` resolves when the service shows them;
 * it rejects with REGISTRY_UNAVAILABLE and one line that says what to do.
 */
export function openNacosRegistry(options: NacosRegistryOptions): Registry {
  return new NacosRegistry(options);
}

class NacosRegistry implements Registry {
  readonly #options: NacosRegistryOptions;
  readonly #http: NacosHttp;
  readonly #closed = new AbortController();
  #api: NacosApi | undefined;
  #settledAt = 0;
  #taken: ReadonlySet<string> = new Set();

  constructor(options: NacosRegistryOptions) {
    this.#options = options;
    const { servers, scheme = 'http', contextPath = '/nacos' } = options;
    this.#http = new NacosHttp({ servers, scheme, contextPath });
  }

  async sync(members: readonly Member[]): Promise<void> {
    const { owner, cluster = owner } = this.#options;
    await this.#run(async (api) => this.#report(await this.#converge(api, instancesOf(members, { owner, cluster }))));
  }

  async clear(): Promise<void> {
    await this.#run(async (api) => {
      await this.#converge(api, []);
      // Nacos removes an empty service after a minute; remove it now, so that nobody wonders about it until then.
      const view = await api.service();
      if (view !== undefined && !view.configured) await api.deleteService();
    });
  }

  async close(): Promise<void> {
    this.#closed.abort(new WsClusterError('SHUTTING_DOWN', 'the registry is closed'));
    this.#http.close();
  }

  #converge(api: NacosApi, wanted: readonly Instance[]): Promise<Reached> {
    const { owner, service } = this.#options;
    return converge(api, { wanted, owner, service }, this.#closed.signal);
  }

  async #run(use: (api: NacosApi) => Promise<void>): Promise<void> {
    try {
      const wait = this.#settledAt - performance.now();
      if (wait > 0) await delay(wait, undefined, { signal: this.#closed.signal });
      const known = this.#api;
      await use(known ?? (await this.#choose())).catch(async (error: unknown) => {
        // The server was replaced by one of another version.
        if (known === undefined || !(error instanceof ApiMissing)) throw error;
        await use(await this.#choose());
      });
    } catch (error) {
      this.#settledAt = performance.now() + SETTLE_MS;
      if (error instanceof ApiMissing) this.#api = undefined;
      throw this.#closed.signal.aborted ? this.#closed.signal.reason : error;
    }
  }

  async #choose(): Promise<NacosApi> {
    const { api: wanted = 'auto', namespace = 'public', group = 'DEFAULT_GROUP' } = this.#options;
    const { service, clusterName = 'DEFAULT', credentials, log } = this.#options;
    const name = { namespace, group, service, clusterName };
    const { api, version } = await chooseApi(
      this.#http,
      wanted,
      name,
      typeof credentials === 'function' ? credentials : () => credentials,
    );
    this.#api = api;
    log.info({ event: 'registry-api-chosen', api: api.generation, version, ...name }, 'Nacos answers');
    return api;
  }

  #report({ taken, tookHealthFromOthers }: Reached): void {
    const { service, clusterName = 'DEFAULT', log } = this.#options;
    const now = new Set(taken.map(keyOf));
    const begun = [...now].filter((address) => !this.#taken.has(address));
    const ended = [...this.#taken].filter((address) => !now.has(address));
    this.#taken = now;
    if (begun.length > 0)
      log.warn(
        {
          event: 'registry-address-taken',
          service,
          addresses: begun,
          action: 'remove these instances from Nacos if nobody needs them, or give this cluster its own service',
        },
        'others have registered instances at addresses of our nodes; they stay, and our nodes are not registered',
      );
    if (ended.length > 0)
      log.info({ event: 'registry-address-free', service, addresses: ended }, 'no longer used by others');
    if (tookHealthFromOthers)
      log.warn(
        {
          event: 'registry-health-unchecked',
          service,
          clusterName,
          action:
            'if others rely on the health checks of Nacos there, give this cluster its own service or cluster name',
        },
        'Nacos no longer checks the health of any instance in this part of the service, including those of others',
      );
  }
}
