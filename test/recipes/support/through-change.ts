import { expect } from 'vitest';
import type { Member, Members } from './members.ts';
import type { Sight } from './stack.ts';

export interface Change {
  /** The rooms of all clients who moved, with what these clients were told. */
  readonly moved: ReadonlyMap<string, readonly string[]>;
  readonly sight: Sight;
}

/**
 * Makes a change, and waits until all clients hear each other again. Expects that those in whose room nobody moved
 * noticed nothing: all that they said meanwhile was heard once.
 */
export async function throughChange(members: Members, change: () => Promise<void>): Promise<Change> {
  const { all } = members;
  const before = new Map(all.map((member) => [member, { said: member.said.length, closes: member.closes.length }]));
  await change();
  await members.hearEachOther();
  const closesOf = (member: Member) => member.closes.slice(before.get(member)?.closes);
  const moved = new Map<string, string[]>();
  for (const member of all) {
    const told = closesOf(member).map(({ how }) => how);
    if (told.length > 0) moved.set(member.room, [...(moved.get(member.room) ?? []), ...told]);
  }
  const spoken = all.flatMap((member) => {
    const texts = member.said.slice(before.get(member)?.said);
    return heardBy(members.peers(member), texts).map((times) => ({ room: member.room, times }));
  });
  const untouched = spoken.filter(({ room }) => !moved.has(room));
  expect(
    untouched.filter(({ times }) => times !== 1),
    'texts that others lost or heard twice',
  ).toEqual([]);
  const touched = spoken.filter(({ room }) => moved.has(room));
  const closes = all.flatMap(closesOf);
  const sight: Sight = {
    told: [...new Set(closes.map(({ how }) => how))].sort(),
    backAfterMs: Math.max(0, ...closes.map(({ backAfterMs }) => backAfterMs ?? 0)),
    lost: touched.filter(({ times }) => times === 0).length,
  };
  return { moved, sight };
}

/** Expects that in these rooms somebody moved, and in no other. */
export function expectMoved(moved: Change['moved'], rooms: readonly string[]): void {
  const told = `who moved, and what they were told: ${JSON.stringify([...moved])}`;
  expect([...moved.keys()].sort(), told).toEqual([...rooms].sort());
}

/** How often each text was heard, up to the last one that was heard: what is on its way does not count. */
function heardBy(peers: readonly Member[], texts: readonly string[]): number[] {
  const times = texts.map((text) => Math.min(...peers.map(({ heard }) => heard.get(text) ?? 0)));
  return times.slice(0, times.findLastIndex((count) => count > 0) + 1);
}
