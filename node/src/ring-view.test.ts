import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRing, encodeRing, type Member, type RingMessage, SLOTS, slotOf } from '@wscluster/ring';
import { createLogger, silentLogger } from '@wscluster/service';
import { openTransport, type RingTransport } from '@wscluster/transport';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { followRing, type RingView } from './ring-view.ts';

const ME = '0123456789ab';
const member = (ringId: number, nodeId: string): Member => ({
  ringId,
  nodeId,
  address: `127.0.0.1:${9000 + ringId}`,
  weight: 1,
  state: 'ready',
});
/** I own every slot but those given, which the other one owns. */
function ringMessage(version: number, lost: readonly string[], me: string = ME.padEnd(64, 'c')): RingMessage {
  const table = new Uint16Array(SLOTS);
  for (const key of lost) table[slotOf(key)] = 1;
  const revision = { epoch: 1, version };
  const ring = createRing(revision, [member(0, me), member(1, 'other')], table);
  return encodeRing(ring, {
    cluster: 'chat',
    release: { movableUpTo: revision, spreadMs: 0, maxPerSecond: 0 },
    settings: { routes: [{ path: '/x', key: { query: 'k' } }] },
    vacancies: [],
  });
}

/** What a node has of a transport. */
const source = ({ openFollower, openStore }: RingTransport) => ({ openFollower, openReader: openStore });

describe('the ring that a node follows', () => {
  let stateDir: string;
  let transport: RingTransport;
  let view: RingView;
  beforeEach(async () => {
    stateDir = mkdtempSync(join(tmpdir(), 'ring-view-'));
    transport = openTransport({ cluster: 'chat', stateDir, log: silentLogger });
  });
  afterEach(async () => {
    await view.close();
    rmSync(stateDir, { recursive: true });
  });
  const follow = async (message: RingMessage | undefined, self = ME) => {
    if (message !== undefined) {
      const store = transport.openStore();
      await store.save(message);
      await store.close();
    }
    view = await followRing({ cluster: 'chat', self, source: source(transport), log: silentLogger });
  };
  const lost = (key: string, version: number | undefined) =>
    view.lost({ key, revision: version === undefined ? undefined : { epoch: 1, version } });

  test('a key is lost when a newer ring than the gateway routed by gives it to another node', async () => {
    await follow(ringMessage(7, ['ada']));
    expect(lost('ada', 6)).toBe('1.7');
    expect(lost('bob', 6)).toBeUndefined();
  });

  test('a gateway that knows as much, or more, is believed, and so is one that does not say', async () => {
    await follow(ringMessage(7, ['ada']));
    expect([lost('ada', 7), lost('ada', 8), lost('ada', undefined)]).toEqual([undefined, undefined, undefined]);
  });

  test('without a ring everything is served', async () => {
    await follow(undefined);
    expect(lost('ada', 6)).toBeUndefined();
  });

  test('a node knows itself by its id, and by the host name that begins its container id', async () => {
    await follow(ringMessage(7, [], 'chat-1'), 'chat-1');
    expect(lost('ada', 6)).toBeUndefined();
    await view.close();
    // What is no container id is no beginning of one either.
    view = await followRing({ cluster: 'chat', self: 'chat', source: source(transport), log: silentLogger });
    expect(lost('ada', 6)).toBe('1.7');
  });

  test('rings that come over the bus are taken', async () => {
    const hub = await transport.openHub({ onUplink: () => {} });
    await follow(undefined);
    // The bus keeps nothing for who is not connected yet.
    const sent = async () => {
      await hub.broadcast(ringMessage(7, ['ada']));
      return lost('ada', 6);
    };
    await expect.poll(sent, { timeout: 30_000 }).toBe('1.7');
    await hub.close();
  });

  test('the first ring is logged, and the many that follow it are not', async () => {
    const lines: string[] = [];
    const log = createLogger('node', {}, { write: (line) => lines.push(line) });
    const hub = await transport.openHub({ onUplink: () => {} });
    try {
      view = await followRing({ cluster: 'chat', self: ME, source: source(transport), log });
      for (let version = 1; version <= 5; version++)
        await vi.waitUntil(async () => {
          await hub.broadcast(ringMessage(version, []));
          return view.ring?.revision.version === version;
        }, 30_000);
    } finally {
      await hub.close();
    }
    expect(lines.filter((line) => line.includes('ring-applied'))).toHaveLength(1);
  });
});
