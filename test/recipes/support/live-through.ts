import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type NodeView, System } from '../../e2e/support/system.ts';
import { until } from '../../e2e/support/wait.ts';
import { Members } from './members.ts';
import { recipeFolder } from './recipe-folder.ts';
import type { Sight, Sights, Stack } from './stack.ts';
import { expectMoved, throughChange } from './through-change.ts';

/** For the whole of it, on a machine that is busy, ms. */
export const LIFE_MS = 300_000;

const ROOMS = Array.from({ length: 12 }, (_, n) => `room-${n + 1}`);

/**
 * Runs a recipe as it is, on three nodes and two gateways, with two clients in each of 12 rooms, one a gateway. Adds a
 * node, drains one and kills one. Expects each time that exactly those had to move whose owner changed, that nobody
 * else noticed anything, and that all hear each other afterwards. Returns what those saw who had to move.
 */
export async function liveThrough(stack: Stack): Promise<Sights> {
  const folder = recipeFolder(stack.name, stack.redisUrl);
  let system: System | undefined;
  let members: Members | undefined;
  try {
    system = await System.start({ file: join(folder, 'cluster.yaml') });
    const client = ['client.mjs', 'client.py'].map((name) => join(folder, name)).find(existsSync) ?? '';
    const gateways = system.gateways.map(({ port }) => `127.0.0.1:${port}`);
    members = new Members(client, gateways, ROOMS);
    await members.hearEachOther();
    return await new Life(stack, system, members).all();
  } finally {
    await members?.end();
    await system?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

class Life {
  readonly #stack: Stack;
  readonly #system: System;
  readonly #members: Members;

  constructor(stack: Stack, system: System, members: Members) {
    this.#stack = stack;
    this.#system = system;
    this.#members = members;
  }

  async all(): Promise<Sights> {
    await this.#isWhereItBelongs();
    const add = await this.#through(4, async () => {
      const id = await this.#system.addNode();
      await this.#nodes('the new node is there', (ids) => ids.includes(id));
    });
    const drain = await this.#through(3, async () => {
      const id = await this.#busiest();
      expect((await this.#system.api('DELETE', `/nodes/${id}?mode=drain`)).status).toBe(202);
      await this.#nodes('the drained node is gone', (ids) => !ids.includes(id));
    });
    const kill = await this.#through(3, async () => {
      const id = await this.#busiest();
      process.kill(this.#system.nodePid(id), 'SIGKILL');
      await this.#nodes('another node is in its place', (ids) => ids.length === 3 && !ids.includes(id));
    });
    return { add, drain, kill };
  }

  /** One change, after which so many nodes are ready. */
  async #through(nodes: number, change: () => Promise<void>): Promise<Sight> {
    const ownerBefore = await this.#system.owners();
    const { moved, sight } = await throughChange(this.#members, async () => {
      await change();
      await this.#system.settled(nodes);
    });
    await this.#isWhereItBelongs();
    const ownerAfter = await this.#system.owners();
    const changed = ROOMS.filter((room) => ownerBefore(room) !== ownerAfter(room));
    if (this.#stack.by === 'room') expectMoved(moved, changed);
    if (this.#stack.losesNothing === true) expect(sight.lost).toBe(0);
    return sight;
  }

  /** Each node has as many connections as it should have, and they are of the kind of this recipe. */
  async #isWhereItBelongs(): Promise<void> {
    if (this.#stack.by !== 'room') return;
    let last = '';
    await until('each client is at its owner', async () => {
      const [nodes, owner] = [await this.#system.nodes(), await this.#system.owners()];
      const right = ({ id }: { id: string }) => 2 * ROOMS.filter((room) => owner(room) === id).length;
      const streams = (node: NodeView) => (this.#stack.eventStreams === true ? node.connections : 0);
      last = nodes
        .map((node) => `${node.id}: ${node.connections} of ${right(node)}, ${node.eventStreams} streams`)
        .join();
      return nodes.every((node) => node.connections === right(node) && node.eventStreams === streams(node));
    }).catch((error: Error) => {
      throw new Error(`${error.message}; ${last}`);
    });
  }

  async #busiest(): Promise<string> {
    const [busiest] = (await this.#system.nodes()).sort((a, b) => b.connections - a.connections);
    if (busiest === undefined) throw new Error('there is no node');
    return busiest.id;
  }

  async #nodes(what: string, are: (ids: string[]) => boolean): Promise<void> {
    await until(what, async () => are((await this.#system.nodes()).map(({ id }) => id)));
  }
}
