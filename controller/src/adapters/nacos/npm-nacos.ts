import type { Answer, Call } from './http.ts';
import { type HttpClient, type NameProxy, NameProxyClass, type PackageInstance } from './name-proxy.ts';

// The package's public client opens a UDP socket on all interfaces, retries on its own and hides what the server said.
// So this uses the class below it, which has no socket and no state, and makes the calls itself.
const quiet = { debug() {}, info() {}, warn() {}, error() {} };

/** The requests of the npm package `nacos`, sent by `send` (which knows servers, credentials and context path). */
export class NpmNacos {
  readonly #namespace: string;
  readonly #send: (call: Call) => Promise<Answer>;

  constructor(namespace: string, send: (call: Call) => Promise<Answer>) {
    this.#namespace = namespace;
    this.#send = send;
  }

  register(service: string, group: string, instance: PackageInstance): Promise<Answer> {
    return this.#through((proxy) => proxy.registerService(`${group}@@${service}`, group, instance));
  }

  deregister(service: string, group: string, instance: PackageInstance): Promise<Answer> {
    return this.#through((proxy) => proxy.deregisterService(`${group}@@${service}`, instance));
  }

  async #through(use: (proxy: NameProxy) => Promise<string>): Promise<Answer> {
    let outcome: Promise<Answer> | undefined;
    const request: HttpClient['request'] = async (url, { method, data }) => {
      const path = new URL(url).pathname.replace(/^\/nacos/, '');
      outcome = this.#send({ method, path, query: data });
      const { status, text } = await outcome;
      return { status, data: text };
    };
    // With one server it tries once. The name is not used: `send` has the real servers.
    const proxy = new NameProxyClass({
      serverList: ['nacos:80'],
      namespace: this.#namespace,
      logger: quiet,
      httpclient: { request },
    });
    try {
      await use(proxy);
    } catch (error) {
      // The package only says that it failed; the answer says why.
      if (outcome === undefined) throw error;
    }
    if (outcome === undefined) throw new Error('the npm package nacos made no request');
    return outcome;
  }
}
