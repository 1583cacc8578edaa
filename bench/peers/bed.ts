import { Generator } from './generator.ts';
import type { Programs } from './needs.ts';
import { EchoNode } from './node.ts';
import { PROXIES, type ProxyName, type RunningProxy } from './proxies/proxy.ts';
import { start } from './proxies/start.ts';

/** All proxies in front of one node, and a load. They keep running from case to case; one works at a time. */
export class Bed {
  readonly generator: Generator;
  readonly node: EchoNode;
  readonly #proxies: ReadonlyMap<ProxyName, RunningProxy>;

  private constructor(generator: Generator, node: EchoNode, proxies: ReadonlyMap<ProxyName, RunningProxy>) {
    this.generator = generator;
    this.node = node;
    this.#proxies = proxies;
  }

  static async start(programs: Programs): Promise<Bed> {
    const proxies = new Map<ProxyName, RunningProxy>();
    const node = await EchoNode.start(programs.load, 'a');
    const bed = new Bed(new Generator(programs.load), node, proxies);
    try {
      for (const name of PROXIES) proxies.set(name, await start(name, programs, { nodes: [node] }));
      return bed;
    } catch (error) {
      await bed.stop();
      throw error;
    }
  }

  proxy(name: ProxyName): RunningProxy {
    const proxy = this.#proxies.get(name);
    if (proxy === undefined) throw new Error(`${name} does not run`);
    return proxy;
  }

  /** Closes what a case that failed has left open. */
  async clear(): Promise<void> {
    await this.generator.ask({ do: 'close' });
    await this.node.quiet(0);
  }

  async stop(): Promise<void> {
    await this.generator.stop();
    await Promise.all([...this.#proxies.values()].map((proxy) => proxy.stop()));
    await this.node.stop();
  }
}
