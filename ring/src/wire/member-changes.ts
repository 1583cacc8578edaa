import type { Member } from '../member.ts';
import type { MemberChanges } from './messages.ts';

/** How `to` differs from `from`; undefined if changedMembers cannot make the one of the other. */
export function memberChangesOf(from: readonly Member[], to: readonly Member[]): MemberChanges | undefined {
  const before = new Map(from.map((member) => [member.nodeId, member]));
  const after = new Set(to.map(({ nodeId }) => nodeId));
  const changes = {
    gone: from.map(({ nodeId }) => nodeId).filter((nodeId) => !after.has(nodeId)),
    here: to.filter((member) => !isSame(before.get(member.nodeId), member)),
  };
  return areSame(changedMembers(from, changes), to) ? changes : undefined;
}

/** In the same order, too: a table has indices into it. */
export function areSame(a: readonly Member[], b: readonly Member[]): boolean {
  return a.length === b.length && a.every((member, index) => isSame(member, b[index]));
}

/** The members after a change. Those that it does not name stay the same objects. */
export function changedMembers(from: readonly Member[], { gone, here }: MemberChanges): Member[] {
  const members = new Map(from.map((member) => [member.nodeId, member]));
  for (const nodeId of gone) members.delete(nodeId);
  for (const member of here) members.set(member.nodeId, member);
  return [...members.values()].sort((a, b) => a.ringId - b.ringId || (a.nodeId < b.nodeId ? -1 : 1));
}

function isSame(a: Member | undefined, b: Member | undefined): boolean {
  if (a === undefined || b === undefined) return false;
  const isSamePlace = a.ringId === b.ringId && a.nodeId === b.nodeId && a.name === b.name;
  return isSamePlace && a.address === b.address && a.weight === b.weight && a.state === b.state;
}
