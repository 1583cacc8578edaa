import { setTimeout as delay } from 'node:timers/promises';
import type { FollowerHandlers, HubHandlers, RingBusFollower, RingBusHub } from '@wscluster/transport';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { until } from '../e2e/support/wait.ts';
import { heartbeat, leave, report, ringAt } from './support/messages.ts';
import { FollowerRecorder, HubRecorder } from './support/recorder.ts';

/** What an adapter's test provides: a bus of its own, and hands to disturb it from outside. */
export interface BusHarness {
  openHub(handlers: HubHandlers): Promise<RingBusHub>;
  openFollower(handlers: FollowerHandlers): Promise<RingBusFollower>;
  /** Destroys the real sockets of all followers; hub, broker and followers live on. Returns how many it destroyed. */
  breakConnections(): Promise<number>;
  /** Puts raw bytes where a broadcast would travel, towards every connected follower. */
  injectBroadcast(payload: Buffer): Promise<void>;
  /** Puts raw bytes where an uplink would travel, towards the hub. */
  injectUplink(payload: Buffer): Promise<void>;
  /** The log lines at warn and above that hub and followers wrote, as objects. */
  readonly warnings: readonly Record<string, unknown>[];
  /** What hubs and followers left behind when all are closed: names of sockets, timers, files. */
  leftovers(): Promise<string[]>;
  /** Removes the bus itself. */
  dispose(): Promise<void>;
}

/** Every RingBus passes this, on real connections. */
export function ringBusContract(name: string, createHarness: () => Promise<BusHarness>): void {
  describe(`${name} as a ring bus`, () => {
    let harness: BusHarness;
    const open = new Set<{ close(): Promise<void> }>();
    beforeEach(async () => {
      harness = await createHarness();
    });
    afterEach(async () => {
      await closeAll();
      await harness.dispose();
    });

    async function closeAll(): Promise<void> {
      for (const end of open) await end.close();
      open.clear();
    }
    async function openHub() {
      const heard = new HubRecorder();
      const hub = await harness.openHub(heard);
      open.add(hub);
      return { hub, heard };
    }
    async function openFollower() {
      const heard = new FollowerRecorder();
      const follower = await harness.openFollower(heard);
      open.add(follower);
      return { follower, heard };
    }
    async function openConnected() {
      const opened = await openFollower();
      await until('a follower is connected', () => opened.follower.connected);
      return opened;
    }
    const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
    const damaged: [what: string, payload: Buffer][] = [
      ['not JSON', Buffer.from('{"wire":1,')],
      ['not UTF-8', Buffer.from([0x22, 0xff, 0xfe, 0x22])],
      ['of another kind', Buffer.from('{"wire":1,"cluster":"chat","type":"nonsense"}')],
      ['of another wire format', Buffer.from('{"wire":99,"cluster":"chat","type":"heartbeat"}')],
    ];

    test('broadcasts reach every follower, each once and in the order of sending', async () => {
      const { hub } = await openHub();
      const followers = [await openConnected(), await openConnected(), await openConnected()];
      for (const version of upTo(300)) await hub.broadcast(heartbeat(version));
      for (const { heard } of followers) {
        await until('300 broadcasts', () => heard.versions.length >= 300);
        expect(heard.versions).toEqual(upTo(300));
      }
    });

    test('a ring arrives as it was sent, also a large one among heartbeats', async () => {
      const { hub } = await openHub();
      const { heard } = await openConnected();
      const sent = [heartbeat(1), ringAt(1, 2, 4096), heartbeat(3), ringAt(1, 4), heartbeat(5)];
      // Not awaited one by one: the order of the calls counts.
      await Promise.all(sent.map((message) => hub.broadcast(message)));
      await until('all five', () => heard.broadcasts.length >= 5);
      expect(heard.broadcasts).toEqual(sent);
    });

    test('a broadcast that nobody follows is taken, and is not kept for those who come later', async () => {
      const { hub } = await openHub();
      await hub.broadcast(heartbeat(1));
      const { heard } = await openConnected();
      await hub.broadcast(heartbeat(2));
      await until('the second broadcast', () => heard.versions.includes(2));
      expect(heard.versions).toEqual([2]);
    });

    test('uplinks reach the hub in the order of each follower', async () => {
      const { heard } = await openHub();
      const [a, b] = [await openConnected(), await openConnected()];
      for (const moved of upTo(100)) {
        await a.follower.send(report('gw-a', moved));
        await b.follower.send(report('gw-b', moved));
      }
      await until('200 reports', () => heard.uplinks.length >= 200);
      expect(heard.reportsOf('gw-a')).toEqual(upTo(100));
      expect(heard.reportsOf('gw-b')).toEqual(upTo(100));
      expect(heard.uplinks[0]).toEqual(report('gw-a', 1));
    });

    test('what a follower sends right before it closes arrives', async () => {
      const { heard } = await openHub();
      const { follower } = await openConnected();
      // More than the system takes at once.
      const last = [...upTo(10).map((moved) => report('gw-a', moved, 5_000)), leave('gw-a')];
      const sent = last.map((message) => follower.send(message));
      await follower.close();
      await Promise.all(sent);
      await until('the leave', () => heard.uplinks.length === last.length);
      expect(heard.uplinks).toEqual(last);
    });

    test('what a hub sends right before it closes arrives', async () => {
      const { hub } = await openHub();
      const { heard } = await openConnected();
      const sent = upTo(5).map((version) => hub.broadcast(ringAt(1, version, 4096)));
      await hub.close();
      await Promise.all(sent);
      await until('the last ring', () => heard.versions.includes(5));
      expect(heard.versions).toEqual(upTo(5));
    });

    test('a follower may start before the hub: it says so, and connects when the hub comes', async () => {
      const { follower, heard } = await openFollower();
      if (!follower.connected)
        await expect(follower.send(report('gw-a', 1))).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' });
      const { hub, heard: atHub } = await openHub();
      await until('the follower is connected', () => follower.connected);
      expect(heard.changes).toEqual(['connected']);
      await hub.broadcast(heartbeat(1));
      await follower.send(report('gw-a', 2));
      await until('both ways', () => heard.versions.length > 0 && atHub.uplinks.length > 0);
      expect(heard.versions).toEqual([1]);
      expect(atHub.reportsOf('gw-a')).toEqual([2]);
    });

    test('followers whose connection breaks notice it, connect again and go on', async () => {
      const { hub, heard: atHub } = await openHub();
      const [a, b] = [await openConnected(), await openConnected()];
      await hub.broadcast(heartbeat(1));
      await until('the first', () => a.heard.versions.length + b.heard.versions.length === 2);

      for (const [round, expected] of [
        [1, ['connected', 'disconnected', 'connected']],
        [2, ['connected', 'disconnected', 'connected', 'disconnected', 'connected']],
      ] as const) {
        expect(await harness.breakConnections()).toBeGreaterThanOrEqual(2);
        for (const { heard, follower } of [a, b]) {
          await until('connected again', () => heard.changes.length === expected.length);
          expect(heard.changes).toEqual(expected);
          expect(follower.connected).toBe(true);
        }
        // The hub may be back later than its followers; on a socket it accepts one of them in each turn of its loop.
        await until('the reports', async () => {
          await a.follower.send(report('gw-a', round));
          await b.follower.send(report('gw-b', round));
          return ['gw-a', 'gw-b'].every((id) => atHub.reportsOf(id).includes(round));
        });
        await hub.broadcast(heartbeat(1 + round));
        await until('the broadcast', () => [a, b].every(({ heard }) => heard.versions.includes(1 + round)));
      }
      expect(a.heard.versions).toEqual([1, 2, 3]);
    });

    test('followers outlive the hub and serve the next one', async () => {
      const first = await openHub();
      const { heard, follower } = await openConnected();
      await first.hub.broadcast(heartbeat(1));
      await until('the first', () => heard.versions.length === 1);
      await first.hub.close();

      const second = await openHub();
      // The hub on a broker may come and go unseen; what counts is that messages flow again, both ways.
      let version = 1;
      await until('a broadcast of the second hub', async () => {
        await second.hub.broadcast(heartbeat(++version));
        return heard.versions.some((arrived) => arrived > 1);
      });
      await until('a report to the second hub', async () => {
        await follower.send(report('gw-a', 1)).catch(() => {});
        return second.heard.uplinks.length > 0;
      });
      expect(first.heard.uplinks).toEqual([]);
    });

    test.each(damaged)(
      'a broadcast that is %s is dropped with a log line, and the next one arrives',
      async (_, raw) => {
        const { hub } = await openHub();
        const { heard } = await openConnected();
        await harness.injectBroadcast(raw);
        await hub.broadcast(heartbeat(1));
        await until('the next broadcast', () => heard.versions.length > 0);
        expect(heard.versions).toEqual([1]);
        expect(heard.changes).toEqual(['connected']);
        expectDamageLogged(harness);
      },
    );

    test.each(damaged)('an uplink that is %s is dropped with a log line, and the next one arrives', async (_, raw) => {
      const { heard } = await openHub();
      const { follower } = await openConnected();
      await harness.injectUplink(raw);
      await until('the log line', () => harness.warnings.length > 0);
      await follower.send(report('gw-a', 1));
      await until('the next uplink', () => heard.uplinks.length > 0);
      expect(heard.uplinks).toEqual([report('gw-a', 1)]);
      expectDamageLogged(harness);
    });

    test('a damaged field is named in the log', async () => {
      const { heard } = await openHub();
      const { follower } = await openConnected();
      await harness.injectUplink(Buffer.from(JSON.stringify({ ...report('gw-a', 1), moved: -1 })));
      await follower.send(report('gw-a', 2));
      await until('the next uplink', () => heard.uplinks.length > 0);
      await until('the log line', () => harness.warnings.length > 0);
      expect(harness.warnings).toEqual([expect.objectContaining({ field: 'moved' })]);
    });

    test('fields that this version does not know are ignored', async () => {
      await openHub();
      const { heard } = await openConnected();
      await harness.injectBroadcast(Buffer.from(JSON.stringify({ ...heartbeat(1), fromTheFuture: { a: 1 } })));
      await until('the broadcast', () => heard.versions.length > 0);
      expect(heard.broadcasts).toEqual([heartbeat(1)]);
      expect(harness.warnings).toEqual([]);
    });

    test('closed ends refuse to send, call no handler any more, and may be closed twice', async () => {
      const { hub, heard: atHub } = await openHub();
      const [leaving, staying] = [await openConnected(), await openConnected()];
      await leaving.follower.close();
      await leaving.follower.close();
      expect(leaving.follower.connected).toBe(false);
      await expect(leaving.follower.send(report('gw-a', 1))).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' });
      await hub.broadcast(heartbeat(1));
      await until('the broadcast', () => staying.heard.versions.length > 0);
      expect(leaving.heard).toMatchObject({ broadcasts: [], changes: ['connected'] });

      await hub.close();
      await hub.close();
      await expect(hub.broadcast(heartbeat(2))).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' });
      expect(atHub.uplinks).toEqual([]);
    });

    test.each(['hub', 'followers'])('closing, the %s first, leaves nothing behind', async (first) => {
      const before = await harness.leftovers();
      const { hub } = await openHub();
      const { follower: a } = await openConnected();
      const { follower: b } = await openConnected();
      const { follower: never } = await openFollower();
      await hub.broadcast(heartbeat(1));
      if (first === 'hub') await hub.close();
      for (const follower of [a, b, never]) await follower.close();
      await hub.close();
      await expectNothingLeft(harness, before);
    });

    test('a follower that closes while it connects calls no handler and leaves nothing behind', async () => {
      await openHub();
      const before = await harness.leftovers();
      const { follower, heard } = await openFollower();
      await follower.close();
      await expectNothingLeft(harness, before);
      expect(heard.changes).toEqual([]);
    });

    test('a follower that never found its hub closes and leaves nothing behind', async () => {
      const before = await harness.leftovers();
      const { follower } = await openFollower();
      await follower.close();
      await expectNothingLeft(harness, before);
    });
  });
}

function expectDamageLogged(harness: BusHarness): void {
  expect(harness.warnings).toEqual([
    expect.objectContaining({ event: 'bus-message-damaged', action: expect.stringMatching(/./) }),
  ]);
}

/**
 * Fails with what is left beyond `before`. Looks several times, since the test runner has timers of its own; it counts
 * the looks, because one may take long on a busy machine.
 */
async function expectNothingLeft(harness: BusHarness, before: readonly string[]): Promise<void> {
  let left = without(await harness.leftovers(), before);
  for (let looks = 1; looks < 20 && left.length > 0; looks++) {
    await delay(20);
    left = without(await harness.leftovers(), before);
  }
  expect(left).toEqual([]);
}

function without(all: readonly string[], allowed: readonly string[]): string[] {
  const remaining = [...allowed];
  return all.filter((name) => {
    const at = remaining.indexOf(name);
    if (at >= 0) remaining.splice(at, 1);
    return at < 0;
  });
}
