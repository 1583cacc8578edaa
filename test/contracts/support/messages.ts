import {
  type Broadcast,
  createRing,
  encodeRing,
  type Leave,
  type Member,
  type Report,
  type RingMessage,
  SLOTS,
} from '@wscluster/ring';

const settings = { routes: [{ path: '/connect/{userId}', key: { param: 'userId' } }] };
const release = { movableUpTo: { epoch: 0, version: 0 }, spreadMs: 1000, maxPerSecond: 500 };
const NO_DIGEST = '0'.repeat(32);

/** A heartbeat that tells itself from others by its version. */
export function heartbeat(version: number): Broadcast {
  const revision = { epoch: 1, version };
  return {
    wire: 1,
    type: 'heartbeat',
    cluster: 'chat',
    revision,
    digest: NO_DIGEST,
    settingsDigest: NO_DIGEST,
    release,
  };
}

/** A valid ring at a revision, with `members` nodes; its table repeats as little as a real one. */
export function ringAt(epoch: number, version: number, members = 3): RingMessage {
  const list: Member[] = Array.from({ length: members }, (_, ringId) => ({
    ringId,
    nodeId: `node-${ringId}-grüße`,
    address: `10.0.${ringId >> 8}.${ringId & 255}:8080`,
    weight: 1,
    state: 'ready',
  }));
  const table = Uint16Array.from({ length: SLOTS }, (_, slot) => (Math.imul(slot, 2_654_435_761) >>> 0) % members);
  const vacancies = [{ ringId: 99, nodeId: 'lost', weight: 1, managed: true, since: 1_700_000_000_000 }];
  return encodeRing(createRing({ epoch, version }, list, table), {
    cluster: 'chat',
    release,
    settings,
    vacancies,
  });
}

/** A report that tells itself from others by its `moved`; each of its `nodes` takes about 20 bytes. */
export function report(gateway: string, moved: number, nodes = 1): Report {
  return {
    wire: 1,
    type: 'report',
    cluster: 'chat',
    gateway,
    address: '127.0.0.1:7000',
    applied: { epoch: 1, version: 1 },
    connectionsByNode: Object.fromEntries(Array.from({ length: nodes }, (_, index) => [`node-${index}`, 3])),
    moved,
  };
}

export function leave(gateway: string): Leave {
  return { wire: 1, type: 'leave', cluster: 'chat', gateway };
}
