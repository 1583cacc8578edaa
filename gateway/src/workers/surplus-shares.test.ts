import { type Heartbeat, REVISION_ZERO, WIRE_MAJOR } from '@wscluster/ring';
import { expect, test } from 'vitest';
import { sharedSurplus } from './surplus-shares.ts';

const heartbeat: Heartbeat = {
  ...{ wire: WIRE_MAJOR, type: 'heartbeat', cluster: 'chat', revision: REVISION_ZERO },
  ...{ digest: '0'.repeat(32), settingsDigest: '0'.repeat(32) },
  release: { movableUpTo: REVISION_ZERO, spreadMs: 0, maxPerSecond: 0 },
  surplus: [
    { gateway: 'a', order: 'x', connections: 30, spreadMs: 100 },
    { gateway: 'b', order: 'x', connections: 50, spreadMs: 100 },
  ],
};
const share = (connections: number, total: number) => {
  const part = { worker: 1, workers: 2, connections, total };
  const message = sharedSurplus(heartbeat, 'a', part);
  return message.type === 'heartbeat' ? message.surplus : undefined;
};

test('each worker sends back its share of the clients, by its connections', () => {
  expect(share(200, 300)).toEqual([{ gateway: 'a', order: 'x', connections: 20, spreadMs: 100 }]);
  expect(share(100, 300)).toEqual([{ gateway: 'a', order: 'x', connections: 10, spreadMs: 100 }]);
  expect([share(151, 300), share(149, 300)].map((all) => all?.[0]?.connections)).toEqual([15, 14]);
  expect(share(0, 300)).toEqual([]);
  expect(share(0, 0)).toEqual([]);
});
