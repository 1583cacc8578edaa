import {
  type ClusterSettings,
  createRing,
  encodeRing,
  type Heartbeat,
  type Member,
  NO_OWNER,
  type Release,
  type Revision,
  type Ring,
  type RingMessage,
  SLOTS,
  settingsDigest,
} from '@wscluster/ring';

export const CLUSTER = 'chat';

export const SETTINGS: ClusterSettings = {
  routes: [
    { path: '/connect/{userId}', key: { param: 'userId' } },
    { path: '/send', key: { query: 'userId' } },
  ],
};

/** Releases everything up to the revision, at once. */
export function releaseUpTo(movableUpTo: Revision): Release {
  return { movableUpTo, spreadMs: 0, maxPerSecond: 0 };
}

export function revision(version: number, epoch = 1): Revision {
  return { epoch, version };
}

export interface TestNode {
  readonly id: string;
  readonly port: number;
}

/** A ring in which `ownerOf` gives the index of each slot's node; undefined: no owner. */
export function ringOf(
  at: Revision,
  nodes: readonly TestNode[],
  ownerOf: (slot: number) => number | undefined = (slot) => slot % nodes.length,
): Ring {
  const members = nodes.map(
    ({ id, port }, ringId): Member => ({
      ringId,
      nodeId: id,
      address: `127.0.0.1:${port}`,
      weight: 1,
      state: 'ready',
    }),
  );
  const table = new Uint16Array(SLOTS).map((_, slot) => ownerOf(slot) ?? NO_OWNER);
  return createRing(at, members, table);
}

export function ringMessage(ring: Ring, release = releaseUpTo(ring.revision), settings = SETTINGS): RingMessage {
  return encodeRing(ring, { cluster: CLUSTER, release, settings });
}

export function heartbeat(ring: Ring, release = releaseUpTo(ring.revision)): Heartbeat {
  return {
    wire: 1,
    type: 'heartbeat',
    cluster: CLUSTER,
    revision: ring.revision,
    digest: ring.digest,
    settingsDigest: settingsDigest(SETTINGS),
    release,
  };
}
