import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  applyChange,
  type Broadcast,
  compareRevisions,
  decodeRing,
  encodeRing,
  type Revision,
  type RingChange,
  type RingMessage,
  WIRE_MAJOR,
  WsClusterError,
} from '@wscluster/ring';
import { silentLogger } from '@wscluster/service';
import type { HubHandlers } from '@wscluster/transport';
import { describe, expect, test, vi } from 'vitest';
import { openFileDocuments } from '../../adapters/local/documents.ts';
import type { SourceHandlers, Workload } from '../ports/workload-source.ts';
import { parseCluster } from '../spec/load.ts';
import { openSpecStore } from '../spec/spec-store.ts';
import { DEFAULT_INTERVALS, type Intervals } from './intervals.ts';
import { Reign } from './reign.ts';

/** About a tenth of the defaults, of what is waited for here. */
const SHORT: Intervals = { ...DEFAULT_INTERVALS, listenMs: 100, heartbeatMs: 100, recallMs: 150, storeFirstMs: 25 };

const ready = (id: string): Workload => ({ id, phase: 'ready', address: '127.0.0.1:1', managed: false });

/**
 * The world around one controller, as small fakes: what the source lists, what the store holds, what the bus carried.
 */
class World {
  readonly directory = mkdtempSync(join(tmpdir(), 'wsc-controller-'));
  listing: Workload[] | Error = [];
  lists = 0;
  created = 0;
  createError: Error | undefined;
  stored: RingMessage | undefined;
  storeBroken = false;
  storeLosses = 0;
  /** The store saves when this has resolved, and fails when it rejects. */
  storeAnswers: Promise<void> = Promise.resolve();
  leading = true;
  standingIn = false;
  follows = 0;
  confirm = async () => this.leading;
  onRecall = (): void => {};
  followed = (): void => void this.follows++;
  busBroken = false;
  loadBroken = false;
  readonly broadcasts: Broadcast[] = [];
  /** When heartbeats were sent, ms. */
  readonly beats: number[] = [];
  source: SourceHandlers | undefined;
  #bus: HubHandlers | undefined;
  #reign: Reign | undefined;

  async start({ spec = '', replicas = 0, intervals = SHORT } = {}): Promise<Reign> {
    const declared = parseCluster(
      `{ apiVersion: wscluster.io/v1alpha1, kind: WsCluster, metadata: { name: chat }, spec: { nodes: { replicas: ${replicas} }, ${spec} } }`,
      'chat.yaml',
    );
    this.#reign = await Reign.begin({
      name: 'chat',
      spec: await openSpecStore(openFileDocuments(this.directory), declared),
      leadership: this,
      meter: { ran: () => {} },
      intervals,
      openRegistry: async () => undefined,
      restoreDocuments: async () => {
        this.storeLosses++;
      },
      log: silentLogger,
      store: {
        revision: async () => this.stored?.revision,
        load: async () => {
          if (this.loadBroken) throw new WsClusterError('STORE_UNAVAILABLE', 'the disk is gone');
          return this.stored;
        },
        save: async (message) => {
          await this.storeAnswers;
          if (this.storeBroken) throw new WsClusterError('STORE_UNAVAILABLE', 'the disk is full');
          if (this.stored !== undefined && compareRevisions(message.revision, this.stored.revision) <= 0)
            return 'stale';
          this.stored = structuredClone(message);
          return 'saved';
        },
        saveRelease: async (revision, release) => {
          if (this.storeBroken) throw new WsClusterError('STORE_UNAVAILABLE', 'the disk is full');
          if (this.stored !== undefined && compareRevisions(this.stored.revision, revision) === 0)
            this.stored = { ...this.stored, release };
        },
        close: async () => {},
      },
      openBus: async (handlers) => {
        this.#bus = handlers;
        const connectedSince = () => (this.busBroken ? undefined : Number.NEGATIVE_INFINITY);
        return {
          get connectedSince() {
            return connectedSince();
          },
          broadcast: async (message) => {
            if (this.busBroken) throw new WsClusterError('BUS_UNAVAILABLE', 'the broker is away');
            this.broadcasts.push(structuredClone(message.type === 'change' ? this.#whole(message) : message));
            if (message.type === 'recall') this.onRecall();
            if (message.type === 'heartbeat') this.beats.push(performance.now());
          },
          close: async () => {},
        };
      },
      openSource: async (handlers) => {
        this.source = handlers;
        return {
          list: async () => {
            this.lists++;
            if (this.listing instanceof Error) throw this.listing;
            return this.listing;
          },
          create: async () => {
            if (this.createError !== undefined) throw this.createError;
            this.created++;
            return 'created';
          },
          drain: async () => {},
          stop: async () => {},
          kill: async () => {},
          endAll: async () => {},
          close: async () => {},
        };
      },
    });
    return this.#reign;
  }

  /** A gateway's report. */
  report(applied: Revision, gateway = 'g1'): void {
    this.#bus?.onUplink({
      wire: WIRE_MAJOR,
      type: 'report',
      cluster: 'chat',
      gateway,
      address: '127.0.0.1:7000',
      applied,
      connectionsByNode: {},
      moved: 0,
    });
  }

  /** The same as a change of a report that was missed, if it is not the first. */
  reportChange(applied: Revision, number: number): void {
    this.#bus?.onUplink({
      ...({ wire: WIRE_MAJOR, type: 'report-change', cluster: 'chat', gateway: 'g1' } as const),
      ...{ address: '127.0.0.1:7000', applied, moved: 0, id: { run: 'r', number } },
    });
  }

  /** A change, as the whole ring that followers make of it. */
  #whole(change: RingChange): RingMessage {
    const base = this.rings.at(-1) as RingMessage;
    expect(change.base).toMatchObject({ revision: base.revision, digest: base.digest });
    const { ring } = applyChange(decodeRing(base), change);
    return encodeRing(ring, { ...change, settings: change.settings ?? base.settings });
  }

  giveBack(ring: RingMessage): void {
    this.#bus?.onUplink({ wire: WIRE_MAJOR, type: 'held', cluster: 'chat', gateway: 'g1', ring });
  }

  change(listing: Workload[] | Error): void {
    this.listing = listing;
    this.source?.onChange();
  }

  get rings(): RingMessage[] {
    return this.broadcasts.filter((message) => message.type === 'ring');
  }

  get members(): string[] | undefined {
    return this.rings.at(-1)?.members.map((member) => member.nodeId);
  }

  condition(type: string) {
    return this.#reign?.view.conditions.find((condition) => condition.type === type);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#reign?.stop({ endNodes: false });
    rmSync(this.directory, { recursive: true });
  }
}

const left = new Map<string, Promise<RingMessage>>();

/** A ring that an earlier controller left behind: members at epoch 4. */
function leftBehind(ids: string[]): Promise<RingMessage> {
  const message = left.get(ids.join()) ?? leave(ids);
  left.set(ids.join(), message);
  return message;
}

async function leave(ids: string[]): Promise<RingMessage> {
  await using world = new World();
  world.listing = ids.map(ready);
  await world.start();
  await vi.waitUntil(() => world.members?.length === ids.length, 30_000);
  const { stored } = world;
  if (stored === undefined) throw new Error('nothing was stored');
  return { ...stored, revision: { epoch: 4, version: 9 } };
}

// Each waits most of its time: together they take hardly longer than one.
describe.concurrent('one cluster, while this process leads it', { timeout: 60_000 }, () => {
  const until = (state: () => boolean, timeout = 30_000) => vi.waitUntil(state, { timeout, interval: 5 });

  test('listens long enough by default to hear every gateway, which reports each second', async () => {
    await using world = new World();
    world.listing = [ready('a')];
    const report = setTimeout(() => world.report({ epoch: 6, version: 1 }), 1_000);
    await world.start({ intervals: DEFAULT_INTERVALS });
    await until(() => world.rings.length > 0);
    clearTimeout(report);
    expect(world.rings[0]?.revision.epoch).toBe(7);
  });

  test('beats each second by default', async () => {
    await using world = new World();
    world.listing = [ready('a')];
    const from = performance.now();
    await world.start({ intervals: DEFAULT_INTERVALS });
    // No gateway is there: one that falls silent, or acknowledges, would make for heartbeats beside the regular ones.
    await until(() => world.beats.length > 4, 20_000);
    const last = world.beats[4] ?? 0;
    // After the first two come three more. A busy machine may delay them, but not bring the last one forward.
    expect((last - from) / 3).toBeGreaterThan(900);
  }, 30_000);

  test('publishes the ready nodes, in the store and on the bus', async () => {
    await using world = new World();
    world.listing = [ready('a'), ready('b')];
    await world.start();
    await until(() => world.members?.length === 2);
    expect(world.stored?.members).toEqual(world.rings.at(-1)?.members);
    await until(() => world.condition('Ready')?.status === 'True');
  });

  test('takes an epoch above what is stored and what gateways report, and changes no owner', async () => {
    await using world = new World();
    world.stored = await leftBehind(['a', 'b']);
    const before = decodeRing(world.stored);
    world.listing = [ready('a'), ready('b')];
    await world.start();
    world.report({ epoch: 6, version: 1 });
    await until(() => world.rings.length > 0);
    expect(world.rings[0]?.revision).toEqual({ epoch: 7, version: 1 });
    expect(decodeRing(world.rings[0] as RingMessage).digest).toBe(before.digest);
  });

  test('a store that was emptied: goes on from the ring that a gateway gives back', async () => {
    await using world = new World();
    const before = await leftBehind(['c', 'a', 'b']);
    world.listing = [ready('a'), ready('b'), ready('c')];
    await world.start();
    world.onRecall = () => world.giveBack(before);
    world.report(before.revision);
    await until(() => world.rings.length > 0);
    const [ring] = world.rings;
    expect(ring?.revision).toEqual({ epoch: before.revision.epoch + 1, version: 1 });
    expect(ring?.members).toEqual(before.members);
    expect(ring?.table).toBe(before.table);
  });

  test('a ring that is given back damaged is not used', async () => {
    await using world = new World();
    const before = await leftBehind(['a']);
    world.listing = [ready('a')];
    await world.start();
    world.onRecall = () => world.giveBack({ ...before, digest: '0'.repeat(32) });
    world.report(before.revision);
    await until(() => world.rings.length > 0);
    expect(world.rings[0]?.revision).toEqual({ epoch: before.revision.epoch + 1, version: 1 });
  });

  test('goes above a newer ring that a gateway turns out to have', async () => {
    await using world = new World();
    world.listing = [ready('a')];
    await world.start();
    await until(() => world.rings.length > 0);
    world.report({ epoch: 12, version: 3 });
    await until(() => (world.rings.at(-1)?.revision.epoch ?? 0) === 13);
  });

  test('took the lead without the bus, and gateways turn out to have a newer ring: asks to begin anew, and publishes nothing above it', async () => {
    await using world = new World();
    world.stored = await leftBehind(['a']);
    world.listing = [ready('a')];
    world.busBroken = true;
    const reign = await world.start();
    await until(() => reign.leading && (world.stored?.revision.epoch ?? 0) > 4);
    world.busBroken = false;
    await until(() => world.beats.length > 0);
    expect(reign.outdated.aborted).toBe(false);
    world.report({ epoch: 12, version: 3 });
    expect(reign.outdated.aborted).toBe(true);
    const beats = world.beats.length;
    await until(() => world.beats.length > beats + 2);
    expect(world.rings.filter(({ revision }) => revision.epoch > 12)).toEqual([]);
  });

  test('took the lead without the bus, and a newer ring turns out to be stored: asks to begin anew, and leaves it there', async () => {
    await using world = new World();
    world.listing = [ready('a')];
    world.busBroken = true;
    // Nothing is stored, so it waits for the bus first.
    const reign = await world.start({ intervals: { ...SHORT, busMs: 100, busRetryMs: 20 } });
    await until(() => world.stored !== undefined);
    const newer = { ...(world.stored as RingMessage), revision: { epoch: 8, version: 1 } };
    world.stored = newer;
    await until(() => reign.outdated.aborted);
    expect(world.stored).toBe(newer);
  });

  test('goes above a newer ring that turns out to be stored', async () => {
    await using world = new World();
    world.listing = [ready('a')];
    await world.start();
    await until(() => world.rings.length > 0);
    world.stored = { ...(world.stored as RingMessage), revision: { epoch: 8, version: 1 } };
    world.change([ready('a'), ready('b')]);
    await until(() => world.members?.length === 2);
    expect(world.stored?.revision).toEqual({ epoch: 9, version: 1 });
  });

  test('publishes nothing while members of the stored ring are not seen yet', async () => {
    await using world = new World();
    world.stored = await leftBehind(['a', 'b', 'c']);
    world.listing = [ready('a'), ready('b')];
    await world.start();
    await until(() => world.lists > 0);
    world.change([ready('a'), ready('b')]);
    await until(() => world.lists > 1);
    expect(world.rings).toEqual([]);
    world.change([ready('a'), ready('b'), ready('c')]);
    await until(() => world.members?.length === 3);
  });

  test('does not wait for members that are known to have ended', async () => {
    await using world = new World();
    world.stored = await leftBehind(['a', 'b', 'c']);
    world.listing = [ready('a'), ready('b'), { ...ready('c'), phase: 'gone' }];
    await world.start();
    await until(() => world.members?.length === 2);
  });

  test('has settled only when the conditions are judged by the nodes that it found', async () => {
    await using world = new World();
    world.listing = [ready('a'), ready('b')];
    // The first ring is under way for a while: the nodes are listed then, and nothing is judged by that.
    const answer = Promise.withResolvers<void>();
    world.storeAnswers = answer.promise;
    const controller = await world.start({ intervals: { ...SHORT, heartbeatMs: 10_000, storeFirstMs: 300 } });
    await vi.waitUntil(() => controller.settled, { timeout: 30_000, interval: 1 });
    answer.resolve();
    expect(world.members).toEqual(['a', 'b']);
    expect(controller.view.conditions.map(({ type }) => type)).toContain('Ready');
  });

  test('keeps the ring while the source cannot be listed, which is why it is not ready, and goes on when it can', async () => {
    await using world = new World();
    world.listing = [ready('a')];
    const controller = await world.start();
    await until(() => world.members?.length === 1);
    world.change(new WsClusterError('SOURCE_UNAVAILABLE', 'no answer'));
    await until(() => controller.notReady === 'no answer');
    const failing = world.lists;
    await until(() => world.lists > failing + 2);
    expect(world.members).toEqual(['a']);
    world.listing = [ready('a'), ready('b')];
    await until(() => world.members?.length === 2);
    await until(() => controller.notReady === undefined);
  });

  test('keeps the ring when most nodes vanish from a listing, and says so in a condition', async () => {
    await using world = new World();
    world.listing = [ready('a'), ready('b'), ready('c')];
    await world.start();
    await until(() => world.members?.length === 3);
    world.change([]);
    await until(() => world.condition('BackendsAvailable')?.reason === 'MostNodesLost');
    expect(world.members).toEqual(['a', 'b', 'c']);
    expect(world.condition('BackendsAvailable')?.message).toContain('a, b, c');
    world.change([ready('a'), ready('b'), ready('c')]);
    await until(() => world.condition('BackendsAvailable')?.status === 'True');
  });

  test('many events at once are one look', async () => {
    await using world = new World();
    world.listing = [ready('a')];
    await world.start();
    await until(() => world.members?.length === 1);
    const before = world.lists;
    for (let n = 0; n < 100; n++) world.source?.onChange();
    await until(() => world.lists > before);
    expect(world.lists - before).toBeLessThan(5);
  });

  test('releases the moves of a ring only when the live gateways have applied it', async () => {
    await using world = new World();
    world.listing = [ready('a')];
    await world.start();
    await until(() => world.rings.length > 0);
    world.report(world.rings.at(-1)?.revision as Revision);
    world.change([ready('a'), ready('b')]);
    await until(() => world.members?.length === 2);
    const revision = world.rings.at(-1)?.revision as Revision;
    expect(world.rings.at(-1)?.release.movableUpTo.version).toBe(revision.version - 1);
    await until(() => world.condition('RingPublished')?.reason === 'Publishing');
    world.report(revision);
    await until(() => {
      const last = world.broadcasts.at(-1);
      return last?.type === 'heartbeat' && compareRevisions(last.release.movableUpTo, revision) === 0;
      // Before the gateway is taken for dead, after 3 s, which would release them too.
    }, 2_500);
  });

  test('takes its epoch from gateways that report changes alone, and asks them for the whole, until it has it', async () => {
    await using world = new World();
    world.listing = [ready('a')];
    const reign = await world.start();
    world.reportChange({ epoch: 6, version: 1 }, 9);
    await until(() => world.rings.length > 0);
    expect(world.rings[0]?.revision.epoch).toBe(7);
    const asked = () => {
      const last = world.broadcasts.findLast((message) => message.type === 'heartbeat');
      return last?.reporting?.wholeOf.join();
    };
    await until(() => asked() === 'g1');
    expect(reign.view.fleet.countsKnown).toBe(false);
    world.report({ epoch: 7, version: 1 });
    await until(() => asked() === '');
    expect(reign.view.fleet.countsKnown).toBe(true);
  });

  test('a view stays as it was read; what has changed since is in the next one, all of it', async () => {
    await using world = new World();
    world.listing = [ready('a')];
    const reign = await world.start();
    await until(() => world.condition('Ready')?.status === 'True');
    const before = reign.view;
    const was = structuredClone(before.ring.members);
    world.report(before.ring.revision);
    expect(reign.view.fleet.gateways.map(({ id }) => id)).toEqual(['g1']);
    world.change([ready('a'), ready('b')]);
    await until(() => reign.view.ring.members.length === 2);
    expect(reign.view.listing.map(({ id }) => id)).toEqual(['a', 'b']);
    expect(reign.view.membership.members).toEqual(reign.view.ring.members);
    expect(before).toMatchObject({ ring: { members: was }, membership: { members: was }, fleet: { gateways: [] } });
  });

  test('a changed spec is in the view as soon as the change is made', async () => {
    await using world = new World();
    world.listing = [ready('a')];
    const reign = await world.start();
    await until(() => world.members?.length === 1);
    await reign.patchSpec({ rebalance: { paused: true } });
    expect(reign.view).toMatchObject({ generation: 2, spec: { rebalance: { paused: true } } });
  });

  test('a broken store holds up no ring; it is written as soon as it can be', async () => {
    await using world = new World();
    world.listing = [ready('a')];
    await world.start();
    await until(() => world.members?.length === 1);
    world.storeBroken = true;
    world.change([ready('a'), ready('b')]);
    await until(() => world.members?.length === 2);
    await until(() => world.condition('RingPublished')?.reason === 'StoreUnavailable');
    expect(world.stored?.members).toHaveLength(1);
    world.storeBroken = false;
    await until(() => world.stored?.members.length === 2);
    await until(() => world.condition('RingPublished')?.status === 'True');
  });

  test('a store that was emptied gets the ring again, and whoever keeps more there is told', async () => {
    await using world = new World();
    world.listing = [ready('a')];
    await world.start();
    await until(() => world.stored?.members.length === 1);
    const before = world.stored;
    world.stored = undefined;
    await until(() => world.stored !== undefined);
    expect(world.stored).toMatchObject({ revision: before?.revision });
    await until(() => world.storeLosses === 1);
  });

  test('a store that answers nothing holds up no ring', async () => {
    await using world = new World();
    world.listing = [ready('a')];
    await world.start();
    await until(() => world.members?.length === 1);
    const answer = Promise.withResolvers<void>();
    world.storeAnswers = answer.promise;
    for (const ids of [
      ['a', 'b'],
      ['a', 'b', 'c'],
      ['a', 'b', 'c', 'd'],
    ]) {
      world.change(ids.map(ready));
      await until(() => world.members?.length === ids.length);
    }
    world.storeAnswers = Promise.resolve();
    answer.reject(new WsClusterError('STORE_UNAVAILABLE', 'no answer'));
    await until(() => world.stored?.members.length === 4);
  });

  test('who may write no longer publishes nothing', async () => {
    await using world = new World();
    world.listing = [ready('a')];
    await world.start();
    await until(() => world.members?.length === 1);
    world.leading = false;
    const heard = world.broadcasts.length;
    world.stored = undefined;
    world.change([ready('a'), ready('b')]);
    world.report({ epoch: 9, version: 1 });
    // One that still may has done all that there is to do several times.
    await using other = new World();
    other.listing = [ready('a'), ready('b')];
    await other.start();
    await until(() => other.beats.length > 3);
    expect(world.broadcasts.slice(heard)).toEqual([]);
    expect(world.stored).toBeUndefined();
  });

  test('who stands in publishes rings and says so in heartbeats, but starts no node and takes no change', async () => {
    await using world = new World();
    world.listing = [ready('a'), ready('b')];
    const reign = await world.start({ replicas: 0 });
    await until(() => world.members?.length === 2);
    world.leading = false;
    world.standingIn = true;
    world.storeBroken = true;
    await until(() => world.broadcasts.at(-1)?.type === 'heartbeat' && 'standIn' in (world.broadcasts.at(-1) ?? {}));
    world.change([ready('a'), { ...ready('b'), phase: 'gone' }]);
    await until(() => world.members?.length === 1);
    await expect(reign.patchSpec({ nodes: { replicas: 2 } })).rejects.toMatchObject({ code: 'NO_LEADER' });
    await expect(reign.nodes.add()).rejects.toMatchObject({ code: 'NO_LEADER' });
    await until(() => world.condition('RingPublished')?.message.includes('stands in') === true);
  });

  test('starts the nodes that are missing only once it leads again', async () => {
    await using world = new World();
    world.listing = [ready('a')];
    await world.start({ replicas: 1 });
    await until(() => world.created > 0);
    const { created } = world;
    world.leading = false;
    world.standingIn = true;
    const lists = world.lists;
    world.change([ready('a'), ready('b')]);
    await until(() => world.members?.length === 2 && world.lists > lists);
    const beats = world.beats.length;
    await until(() => world.beats.length > beats + 3);
    expect(world.created).toBe(created);
    world.leading = true;
    world.standingIn = false;
    world.change([ready('a'), ready('b')]);
    await until(() => world.created > created);
  });

  test('is followed by a gateway that routes by a ring of its own, and by no other', async () => {
    await using world = new World();
    world.listing = [ready('a')];
    await world.start();
    world.report({ epoch: 4, version: 1 });
    await until(() => world.rings.length > 0);
    expect(world.follows).toBe(0);
    const { epoch, version } = (world.rings[0] as RingMessage).revision;
    world.report({ epoch: epoch - 1, version: 1 });
    expect(world.follows).toBe(0);
    world.report({ epoch, version });
    expect(world.follows).toBe(1);
    world.report({ epoch: epoch + 1, version: 1 });
    expect(world.follows).toBe(1);
  });

  test('a broken bus is said in a condition, and the ring is in the store', async () => {
    await using world = new World();
    world.listing = [ready('a')];
    await world.start();
    await until(() => world.rings.length > 0);
    world.busBroken = true;
    world.change([ready('a'), ready('b')]);
    await until(() => world.stored?.members.length === 2);
    await until(() => world.condition('RingPublished')?.reason === 'BusUnavailable');
    world.busBroken = false;
    await until(() => world.condition('RingPublished')?.status === 'True');
  });

  test('a node that cannot be started is said in a condition, and holds up no ring', async () => {
    await using world = new World();
    world.listing = [ready('a'), ready('b')];
    world.createError = new WsClusterError('SOURCE_UNAVAILABLE', 'no such program');
    await world.start({ replicas: 3 });
    await until(() => world.members?.length === 2);
    await until(() => world.condition('BackendsAvailable')?.reason === 'NodeActionFailed');
    world.change([ready('a'), { ...ready('b'), phase: 'gone' }]);
    await until(() => world.members?.length === 1);
  });

  test('goes above a newer ring even when the store fails to say which one it holds', async () => {
    await using world = new World();
    world.listing = [ready('a')];
    await world.start();
    await until(() => world.rings.length > 0);
    world.stored = { ...(world.stored as RingMessage), revision: { epoch: 9, version: 1 } };
    world.loadBroken = true;
    world.change([ready('a'), ready('b')]);
    const lists = world.lists;
    await until(() => world.lists > lists + 1);
    world.loadBroken = false;
    await until(() => world.rings.at(-1)?.revision.epoch === 10);
    expect(world.members).toEqual(['a', 'b']);
  });

  test('goes above a ring that somebody stored while our store was away', async () => {
    await using world = new World();
    world.listing = [ready('a')];
    await world.start();
    await until(() => world.rings.length > 0);
    world.storeBroken = true;
    world.change([ready('a'), ready('b')]);
    await until(() => world.members?.length === 2);
    world.stored = { ...(world.stored as RingMessage), revision: { epoch: 9, version: 1 } };
    world.storeBroken = false;
    await until(() => world.stored?.revision.epoch === 10);
    await until(() => world.condition('RingPublished')?.status === 'True');
    expect(world.stored?.members).toHaveLength(2);
  });

  test('what was not released before a restart is not released by it', async () => {
    await using world = new World();
    const left = await leftBehind(['a', 'b']);
    const release = { movableUpTo: { epoch: 4, version: 8 }, spreadMs: 700, maxPerSecond: 50 };
    world.stored = { ...left, release };
    world.listing = [ready('a'), ready('b')];
    await world.start();
    world.report({ epoch: 4, version: 9 });
    await until(() => world.rings.length > 0);
    expect(world.rings[0]?.release).toEqual(release);
  });
});
