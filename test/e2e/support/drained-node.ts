import { expect } from 'vitest';
import { http } from './http.ts';
import { type Answered, ReturningClient } from './returning-client.ts';
import type { System } from './system.ts';
import { until } from './wait.ts';

/** The route of the clients, beside those of every system. */
export const CHAT = { path: '/chat/{user}', key: { param: 'user' } };

/**
 * Shows what a user sees of a backend that does what docs/backend.md asks for, in a system of two of its nodes: each
 * client reaches the owner of its key, which knows the key; a node that gets SIGTERM says `draining`, its clients are
 * told 1012 and meet the other node, the others notice nothing, and the process ends with nobody left. Returns what the
 * nodes answered at first.
 */
export async function expectNodeToDrain(system: System): Promise<readonly Answered[]> {
  const clients = Array.from({ length: 12 }, (_, index) => {
    const key = `user-${index}`;
    const urls = system.gateways.map(({ port }) => `ws://127.0.0.1:${port}/chat/${key}`);
    return new ReturningClient(key, index % 2 === 0 ? urls : urls.reverse());
  });
  try {
    const before = await Promise.all(clients.map((client) => client.ask('first')));
    const owners = await system.owners();
    expect(before.map(({ key, node }) => [key, node])).toEqual(clients.map(({ key }) => [key, owners(key)]));

    const leaving = before[0]?.node ?? '';
    const { address } = (await system.nodes()).find(({ id }) => id === leaving) ?? {};
    expect(await http('GET', `http://${address}/readyz`)).toMatchObject({ status: 200 });
    const pid = system.nodePid(leaving);
    process.kill(pid, 'SIGTERM');
    await until('it says that it drains', async () => {
      const answer = await http('GET', `http://${address}/readyz`);
      return answer.status === 503 && answer.text.trim() === 'draining';
    });

    const moved = clients.filter((_, index) => before[index]?.node === leaving);
    expect(moved.length).toBeLessThan(clients.length);
    await until('its clients have been moved', () => moved.every(({ codes }) => codes.length > 0));
    for (const { node } of await Promise.all(moved.map((client) => client.ask('second'))))
      expect(node).not.toBe(leaving);
    expect(moved.map(({ codes }) => codes)).toEqual(moved.map(() => [1012]));
    const others = clients.filter((client) => !moved.includes(client));
    expect(others.flatMap(({ codes }) => codes)).toEqual([]);
    await until('it has ended', () => !isRunning(pid));
    return before;
  } finally {
    for (const client of clients) client.stop();
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
