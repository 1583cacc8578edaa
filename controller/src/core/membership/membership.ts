import { MAX_MEMBERS, type Member, type Vacancy } from '@wscluster/ring';
import { isSameWeight } from '../ports/same-weight.ts';
import type { Workload } from '../ports/workload-source.ts';
import { Succession } from './succession.ts';

/** The nodes on the ring, their ring ids, and the seats that are kept for a replacement. */
export interface Membership {
  readonly members: readonly Member[];
  readonly vacancies: readonly Vacancy[];
  /** Node ids of the members that the source started and will replace. */
  readonly managed: ReadonlySet<string>;
  /** The limit of connections of each member that has one, by node id. */
  readonly limits: ReadonlyMap<string, number>;
  /** When each member that is not ready stopped being ready, by steadyNow. */
  readonly unreadySince: ReadonlyMap<string, number>;
  /** Since when each ready node that is not on the ring waits for the place of one that it replaces, by steadyNow. */
  readonly waitingSince: ReadonlyMap<string, number>;
  /** Node ids that are lost but stay on the ring, because too many were lost at once; empty if all is well. */
  readonly held: readonly string[];
  /** When time alone may change the result, by steadyNow; undefined if it cannot. */
  readonly nextChangeAt: number | undefined;
}

export interface MembershipPolicy {
  /** Desired number of managed nodes. */
  readonly replicas: number;
  readonly defaultWeight: number;
  /** Weights of single seats, by ring id. */
  readonly weights: Readonly<Record<string, number>>;
  /** Limit of connections of each node; 0: none. */
  readonly maxConnections: number;
  /** How long an unready member keeps its slots, ms. */
  readonly unreadyGraceMs: number;
  /**
   * How long the ring id of a lost node waits for a replacement while other nodes serve its slots, and how long a
   * replacement waits for the ring id of the node that it replaces, ms.
   */
  readonly replacementMs: number;
  /** How long a draining node keeps its slots, in case a replacement can take them over in one move, ms. */
  readonly handoverMs: number;
  /** The largest share of the seats that may be vacant at once, 0 to 1; beyond it, lost members stay on the ring. */
  readonly maxLostShare: number;
}

export const NO_MEMBERSHIP: Membership = {
  members: [],
  vacancies: [],
  managed: new Set(),
  limits: new Map(),
  unreadySince: new Map(),
  waitingSince: new Map(),
  held: [],
  nextChangeAt: undefined,
};

/**
 * The membership that follows from the previous one and a complete listing. Pure: the same input gives the same result.
 *
 * | previous  | listed as           | becomes                                                       |
 * |-----------|---------------------|---------------------------------------------------------------|
 * | member    | ready               | ready                                                         |
 * | member    | starting or unready | unready for the grace time, then lost                         |
 * | member    | draining            | draining; its ring id is free for others                      |
 * | member    | gone or restarting  | a vacancy                                                     |
 * | member    | not listed          | lost: a vacancy, or held if too many are lost                 |
 * | draining  | none of these       | gone                                                          |
 * | unknown   | ready               | ready: its own vacancy, else the oldest, else a held seat,    |
 * |           |                     | else the lowest free ordinal; a managed node beyond           |
 * |           |                     | `replicas` waits until a seat becomes free; one of a newer    |
 * |           |                     | template waits, but not for ever, see Succession              |
 * | unknown   | anything else       | nothing yet                                                   |
 */
export function nextMembership(
  previous: Membership,
  listing: readonly Workload[],
  policy: MembershipPolicy,
  now: number,
): Membership {
  const listed = new Map(listing.map((workload) => [workload.id, workload]));
  const { staying, draining, ended, lost, unreadySince, wakeTimes } = sortMembers(previous, listed, policy, now);

  // The ring id of a draining member waits for a replacement like that of a lost one, for a shorter time.
  const isManaged = (nodeId: string) => listed.get(nodeId)?.managed ?? previous.managed.has(nodeId);
  const waiting = previous.vacancies.filter((vacancy) => !isReady(listed.get(vacancy.nodeId)));
  const newlyDraining = draining.filter((member) => isNewlyDraining(previous, member));
  const known = new Set(previous.members.filter((member) => member.state !== 'draining').map((m) => m.nodeId));
  const newcomers = listing.filter(
    (workload) => isReady(workload) && workload.address !== undefined && !known.has(workload.id),
  );
  const succession = new Succession(newcomers);
  const handingOver = newlyDraining.filter(({ nodeId }) => isManaged(nodeId) || succession.follows(listed.get(nodeId)));

  const seats = staying.length + ended.length + lost.length + waiting.length;
  const tooMany = lost.length > 0 && (lost.length + waiting.length) / seats > policy.maxLostShare;
  const vacated = [...ended, ...(tooMany ? [] : lost), ...handingOver];
  let held = tooMany ? lost : [];

  let vacancies: Vacancy[] = [
    ...previous.vacancies,
    ...vacated.map((member) => ({
      ringId: member.ringId,
      nodeId: member.nodeId,
      weight: member.weight,
      managed: isManaged(member.nodeId),
      since: now,
    })),
  ];

  // The arrivals, in an order that does not depend on the listing's. Nodes that return to their own seat come first, so
  // that no newcomer takes it.
  const returning = new Set(vacancies.map((vacancy) => vacancy.nodeId));
  const arrivals = newcomers.sort(
    (a, b) => Number(returning.has(b.id)) - Number(returning.has(a.id)) || compareText(a.id, b.id),
  );
  const replaceable = staying.flatMap(({ nodeId }) => listed.get(nodeId) ?? []);
  const waitingSince = new Map<string, number>();
  for (const workload of arrivals) {
    const dead = held.filter((member) => !listed.has(member.nodeId));
    const seated = [...staying, ...held];
    const spare = workload.managed && seated.filter(({ nodeId }) => isManaged(nodeId)).length >= policy.replicas;
    const kept = keptSeat(workload, vacancies, dead);
    if (kept === undefined && !spare && succession.awaits(workload, replaceable)) {
      const since = previous.waitingSince.get(workload.id) ?? now;
      if (now - since < policy.replacementMs) {
        waitingSince.set(workload.id, since);
        wakeTimes.push(since + policy.replacementMs);
        continue;
      }
    }
    const ringId = kept ?? (spare ? undefined : freeSeat(seated));
    if (ringId === undefined) continue;
    vacancies = vacancies.filter((vacancy) => vacancy.ringId !== ringId);
    held = held.filter((member) => member.ringId !== ringId);
    staying.push({
      ringId,
      nodeId: workload.id,
      ...(workload.name !== undefined && { name: workload.name }),
      address: workload.address ?? '',
      weight: weightOf(workload, ringId, policy),
      state: 'ready',
    });
  }

  const managedSeated = staying.filter((member) => isManaged(member.nodeId)).length + held.length;
  vacancies = keepVacancies(vacancies, listed, policy, managedSeated, now);
  for (const vacancy of vacancies) wakeTimes.push(vacancy.since + vacancyMs(vacancy, listed, policy));

  const members = [...staying, ...held.map((member): Member => ({ ...member, state: 'unready' })), ...draining].sort(
    (a, b) => a.ringId - b.ringId || compareText(a.nodeId, b.nodeId),
  );
  return {
    members,
    vacancies: vacancies.sort((a, b) => a.ringId - b.ringId),
    managed: new Set(members.filter((member) => isManaged(member.nodeId)).map((member) => member.nodeId)),
    limits: limitsOf(members, listed, previous, policy),
    unreadySince,
    waitingSince,
    held: held.map((member) => member.nodeId).sort(compareText),
    nextChangeAt: wakeTimes.length === 0 ? undefined : Math.min(...wakeTimes),
  };
}

/** The members by what becomes of them. One that was draining and is gone is in no list. `wakeTimes`: of graces. */
function sortMembers(
  previous: Membership,
  listed: ReadonlyMap<string, Workload>,
  policy: MembershipPolicy,
  now: number,
) {
  const unreadySince = new Map<string, number>();
  const staying: Member[] = [];
  const draining: Member[] = [];
  const ended: Member[] = [];
  const lost: Member[] = [];
  const wakeTimes: number[] = [];

  for (const member of previous.members) {
    const workload = listed.get(member.nodeId);
    if (workload?.phase === 'draining') {
      draining.push(refreshed(member, workload, 'draining', policy));
    } else if (workload?.phase === 'ready' && member.state !== 'draining') {
      staying.push(refreshed(member, workload, 'ready', policy));
    } else if (member.state === 'draining') {
      // Gone, or no longer draining; in the latter case it comes back below, as an arrival.
    } else if (workload?.phase === 'gone' || workload?.phase === 'restarting') {
      ended.push(member);
    } else if (workload === undefined) {
      lost.push(member);
    } else {
      const since = previous.unreadySince.get(member.nodeId) ?? now;
      unreadySince.set(member.nodeId, since);
      if (now - since >= policy.unreadyGraceMs) lost.push(member);
      else {
        staying.push(refreshed(member, workload, 'unready', policy));
        wakeTimes.push(since + policy.unreadyGraceMs);
      }
    }
  }
  return { staying, draining, ended, lost, unreadySince, wakeTimes };
}

function refreshed(member: Member, workload: Workload, state: Member['state'], policy: MembershipPolicy): Member {
  return {
    ...member,
    ...(workload.name !== undefined && { name: workload.name }),
    address: workload.address ?? member.address,
    weight: weightOf(workload, member.ringId, policy, member.weight),
    state,
  };
}

/** `before`: as a member. It stays if the node says much the same: a new leader does not know what it said before. */
function weightOf(workload: Workload, ringId: number, policy: MembershipPolicy, before?: number): number {
  const { weight, statedWeight: stated } = workload;
  const set = weight ?? policy.weights[ringId];
  if (set !== undefined || stated === undefined) return set ?? policy.defaultWeight;
  return before !== undefined && isSameWeight(stated, before) ? before : stated;
}

function limitsOf(
  members: readonly Member[],
  listed: ReadonlyMap<string, Workload>,
  previous: Membership,
  policy: MembershipPolicy,
): ReadonlyMap<string, number> {
  const limitOf = (nodeId: string) => {
    const workload = listed.get(nodeId);
    return workload === undefined ? previous.limits.get(nodeId) : (workload.maxConnections ?? policy.maxConnections);
  };
  return new Map(
    members.flatMap(({ nodeId }) => {
      const limit = limitOf(nodeId) ?? 0;
      return limit > 0 ? [[nodeId, limit] as const] : [];
    }),
  );
}

function isReady(workload: Workload | undefined): boolean {
  return workload?.phase === 'ready';
}

function isNewlyDraining(previous: Membership, member: Member): boolean {
  return previous.members.some((before) => before.nodeId === member.nodeId && before.state !== 'draining');
}

/** The ring id that waits for an arrival; undefined if none does. */
function keptSeat(workload: Workload, vacancies: readonly Vacancy[], dead: readonly Member[]): number | undefined {
  const own = vacancies.find((vacancy) => vacancy.nodeId === workload.id);
  const oldest = [...vacancies].sort((a, b) => a.since - b.since || a.ringId - b.ringId)[0];
  return (own ?? oldest ?? dead[0])?.ringId;
}

/** The lowest ring id that nobody has; undefined if the ring is full. */
function freeSeat(seated: readonly Member[]): number | undefined {
  const used = new Set(seated.map((member) => member.ringId));
  if (used.size >= MAX_MEMBERS) return undefined;
  let ringId = 0;
  while (used.has(ringId)) ringId++;
  return ringId;
}

/**
 * Drops vacancies that have waited long enough, and managed vacancies beyond what `replicas` can still fill, highest
 * ring id first.
 */
function keepVacancies(
  vacancies: readonly Vacancy[],
  listed: ReadonlyMap<string, Workload>,
  policy: MembershipPolicy,
  managedSeated: number,
  now: number,
): Vacancy[] {
  let room = policy.replicas - managedSeated;
  return [...vacancies]
    .filter((vacancy) => now - vacancy.since < vacancyMs(vacancy, listed, policy))
    .sort((a, b) => a.ringId - b.ringId)
    .filter((vacancy) => !vacancy.managed || room-- > 0);
}

function vacancyMs(vacancy: Vacancy, listed: ReadonlyMap<string, Workload>, policy: MembershipPolicy): number {
  return listed.get(vacancy.nodeId)?.phase === 'draining' ? policy.handoverMs : policy.replacementMs;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
