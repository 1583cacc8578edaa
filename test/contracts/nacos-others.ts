import { request } from 'node:http';
import { until } from '../e2e/support/wait.ts';
import type { OthersAtRegistry } from './registry.ts';

export interface HttpAnswer {
  readonly status: number;
  readonly text: string;
}

/** One call on a connection of its own, as curl makes it. */
export function ask(
  method: string,
  url: string,
  query: Readonly<Record<string, string>> = {},
  headers: Readonly<Record<string, string>> = {},
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const target = `${url}?${new URLSearchParams(query)}`;
    const sent = request(target, { method, headers, agent: false, timeout: 5000 }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (piece: string) => {
        text += piece;
      });
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }));
    });
    sent.on('timeout', () => sent.destroy(new Error(`${target} gave no answer`)));
    sent.on('error', reject).end();
  });
}

interface NacosInstance {
  readonly ip: string;
  readonly port: number;
  readonly weight: number;
  readonly healthy: boolean;
  readonly enabled: boolean;
  readonly metadata: Record<string, string>;
}

/** A part of a service of Nacos. */
export interface NacosPlace {
  readonly service: string;
  readonly namespace?: string;
  readonly group?: string;
  readonly clusterName?: string;
}

/** Nacos as its other users see it: by the v1 API, which consumers speak too (Spring Cloud, older clients). */
export class NacosOthers implements OthersAtRegistry {
  readonly #url: string;
  readonly #clusterName: string;
  readonly #service: Record<string, string>;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(url: string, place: NacosPlace, headers: Readonly<Record<string, string>> = {}) {
    const { service, namespace = 'public', group = 'DEFAULT_GROUP', clusterName = 'DEFAULT' } = place;
    this.#url = `${url}/v1/ns`;
    this.#clusterName = clusterName;
    this.#service = { namespaceId: namespace, groupName: group, serviceName: service };
    this.#headers = headers;
  }

  async all(): Promise<NacosInstance[]> {
    const query = { ...this.#service, clusterName: this.#clusterName, pageNo: '1', pageSize: '10000' };
    const { status, text } = await ask('GET', `${this.#url}/catalog/instances`, query, this.#headers);
    if (status === 404 && /not found/.test(text)) return [];
    if (status !== 200) throw new Error(`the list of instances: ${status} ${text}`);
    return (JSON.parse(text) as { list: NacosInstance[] }).list;
  }

  async instances() {
    return (await this.all()).map(seen);
  }

  async consumerSees() {
    const query = { ...this.#service, healthyOnly: 'false' };
    const { text } = await ask('GET', `${this.#url}/instance/list`, query, this.#headers);
    return (JSON.parse(text) as { hosts: NacosInstance[] }).hosts.map(seen);
  }

  /** Persistent, and nothing listens there. */
  async register(address: string) {
    await this.#write('POST', '/instance', { ...this.#at(address), ephemeral: 'false' });
    await until(`${address} is registered`, async () => (await this.#find(address)) !== undefined);
  }

  async edit(address: string, to: { healthy: boolean; enabled: boolean; weight: number }) {
    const { metadata = {} } = (await this.#find(address)) ?? {};
    const said = { enabled: String(to.enabled), weight: String(to.weight), metadata: JSON.stringify(metadata) };
    const query = { ...this.#at(address), ...said, healthy: String(to.healthy), ephemeral: 'false' };
    await this.#write('POST', '/instance', query); // only so the health changes
    await this.#write('PUT', '/instance', query); // as the console of Nacos does it
    await until(`${address} is edited`, async () => {
      const found = await this.#find(address);
      return found?.healthy === to.healthy && found.enabled === to.enabled && found.weight === to.weight;
    });
  }

  async editMetadata(address: string, metadata: Readonly<Record<string, string>>) {
    const found = await this.#find(address);
    const said = { weight: String(found?.weight), enabled: String(found?.enabled), metadata: JSON.stringify(metadata) };
    await this.#write('PUT', '/instance', { ...this.#at(address), ...said, ephemeral: 'false' });
    await until(`the metadata of ${address} are edited`, async () => {
      const now = await this.metadataOf(address);
      return Object.entries(metadata).every(([name, value]) => now[name] === value);
    });
  }

  async metadataOf(address: string) {
    return (await this.#find(address))?.metadata ?? {};
  }

  async remove(address: string) {
    await this.#write('DELETE', '/instance', { ...this.#at(address), ephemeral: 'false' });
    await until(`${address} is removed`, async () => (await this.#find(address)) === undefined);
  }

  async knowsService() {
    const { status } = await ask('GET', `${this.#url}/service`, this.#service, this.#headers);
    return status === 200;
  }

  async #find(address: string): Promise<NacosInstance | undefined> {
    return (await this.all()).find((one) => seen(one).address === address);
  }

  #at(address: string): Record<string, string> {
    const colon = address.lastIndexOf(':');
    const ip = address.slice(0, colon).replace(/[[\]]/g, '');
    return { ...this.#service, clusterName: this.#clusterName, ip, port: address.slice(colon + 1) };
  }

  async #write(method: string, path: string, query: Record<string, string>): Promise<void> {
    const { status, text } = await ask(method, `${this.#url}${path}`, query, this.#headers);
    if (status !== 200) throw new Error(`${method} ${path}: ${status} ${text}`);
  }
}

const seen = ({ ip, port, healthy, enabled, weight }: NacosInstance) => ({
  address: ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`,
  healthy,
  enabled,
  weight,
});
