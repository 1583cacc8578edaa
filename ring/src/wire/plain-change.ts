import { type RingChange, WIRE_MAJOR } from './messages.ts';

const DIGEST = /^[0-9a-f]{32}$/;

/**
 * Parses a change that has only slots, ten times as fast as ringChangeSchema: while slots move, every gateway reads one
 * for each step, and the slowest of them sets the pace. Undefined for anything else, including damaged changes; then
 * the schema decides and says what is wrong.
 */
export function plainChange(json: unknown): RingChange | undefined {
  if (!isObject(json) || json.wire !== WIRE_MAJOR || json.type !== 'change') return undefined;
  const { cluster, base, slots, digest, settingsDigest, vacancies } = json;
  if (json.members !== undefined || json.memberChanges !== undefined || json.settings !== undefined) return undefined;
  if (vacancies !== undefined && !(Array.isArray(vacancies) && vacancies.length === 0)) return undefined;
  if (typeof cluster !== 'string' || cluster === '' || typeof slots !== 'string') return undefined;
  if (!isDigest(digest) || !isDigest(settingsDigest)) return undefined;
  if (!isObject(base) || !isDigest(base.digest) || !isDigest(base.settingsDigest)) return undefined;
  const revision = revisionOf(json.revision);
  const baseRevision = revisionOf(base.revision);
  const release = releaseOf(json.release);
  if (revision === undefined || baseRevision === undefined || release === undefined) return undefined;
  return {
    wire: WIRE_MAJOR,
    type: 'change',
    cluster,
    base: { revision: baseRevision, digest: base.digest, settingsDigest: base.settingsDigest },
    revision,
    release,
    slots,
    digest,
    settingsDigest,
    vacancies: [],
  };
}

function releaseOf(json: unknown): RingChange['release'] | undefined {
  if (!isObject(json)) return undefined;
  const { spreadMs, maxPerSecond } = json;
  const movableUpTo = revisionOf(json.movableUpTo);
  if (movableUpTo === undefined || !isCount(spreadMs)) return undefined;
  if (typeof maxPerSecond !== 'number' || !Number.isFinite(maxPerSecond) || maxPerSecond < 0) return undefined;
  return { movableUpTo, spreadMs, maxPerSecond };
}

function revisionOf(json: unknown): RingChange['revision'] | undefined {
  if (!isObject(json)) return undefined;
  const { epoch, version } = json;
  return isCount(epoch) && isCount(version) ? { epoch, version } : undefined;
}

function isObject(json: unknown): json is Readonly<Record<string, unknown>> {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}

function isDigest(json: unknown): json is string {
  return typeof json === 'string' && DIGEST.test(json);
}

function isCount(json: unknown): json is number {
  return Number.isSafeInteger(json) && (json as number) >= 0;
}
