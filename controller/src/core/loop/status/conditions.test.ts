import { describe, expect, test } from 'vitest';
import { findings, isProgress, type Observed, withFindings } from './conditions.ts';

const ROOMY = { limited: 0, full: [] };
const WELL: Observed = {
  failure: undefined,
  nodes: { desired: 3, listed: 3, ready: 3, managedReady: 3, held: [], problem: undefined, room: ROOMY },
  publish: { storeError: undefined, busError: undefined },
  standingIn: false,
  hotSlots: [],
  registry: undefined,
  acknowledged: true,
  gateways: { ready: 2, inSync: 2 },
  slotsToMove: 0,
  moving: false,
  paused: false,
};
const reasons = (more: Partial<Observed>) => {
  const found = findings({ ...WELL, ...more });
  return Object.fromEntries(Object.entries(found).map(([type, { status, reason }]) => [type, `${status} ${reason}`]));
};

describe('conditions', () => {
  test('all is well', () => {
    expect(reasons({})).toEqual({
      BackendsAvailable: 'True AllReady',
      RingPublished: 'True Applied',
      RegistrySynced: 'True NotConfigured',
      NodesHaveRoom: 'True NoLimit',
      SlotsFit: 'True AllFit',
      Ready: 'True Settled',
    });
  });

  test.each<[Partial<Observed>, string]>([
    [{ nodes: undefined }, 'Unknown Starting'],
    [{ failure: 'no answer from Docker' }, 'Unknown ReconcileFailed'],
    [
      { nodes: { desired: 3, listed: 3, ready: 2, managedReady: 2, held: [], problem: undefined, room: ROOMY } },
      'False NodesMissing',
    ],
    [
      { nodes: { desired: 3, listed: 3, ready: 0, managedReady: 0, held: [], problem: undefined, room: ROOMY } },
      'False NoNodeReady',
    ],
    [
      {
        nodes: { desired: 3, listed: 3, ready: 1, managedReady: 1, held: ['b', 'c'], problem: undefined, room: ROOMY },
      },
      'False MostNodesLost',
    ],
    [{ publish: { storeError: 'the disk is full', busError: undefined } }, 'False StoreUnavailable'],
    [{ publish: { storeError: 'Redis is away', busError: undefined }, standingIn: true }, 'False StoreUnavailable'],
    [{ standingIn: true }, 'False StandingIn'],
    [{ publish: { storeError: undefined, busError: 'away' } }, 'False BusUnavailable'],
    [
      {
        nodes: { desired: 3, listed: 3, ready: 2, managedReady: 2, held: [], problem: 'no such program', room: ROOMY },
      },
      'False NodeActionFailed',
    ],
    [{ gateways: { ready: 2, inSync: 1 } }, 'False GatewaysBehind'],
    [{ acknowledged: false }, 'False Publishing'],
    [{ slotsToMove: 5 }, 'False Moving'],
    [{ moving: true }, 'False Moving'],
    [{ slotsToMove: 5, paused: true }, 'False Paused'],
  ])('%j is not Ready: %s', (more, reason) => {
    expect(reasons(more).Ready).toBe(reason);
  });

  test('a ring without a gateway is published, and the message says that none routes by it yet', () => {
    // Not acknowledged: a new leader has heard nobody yet. Nothing has changed, so Ready does not either.
    const { RingPublished, Ready } = findings({ ...WELL, acknowledged: false, gateways: { ready: 0, inSync: 0 } });
    expect(Ready.status).toBe('True');
    expect(RingPublished).toMatchObject({
      status: 'True',
      message: expect.stringContaining('no gateway has reported yet'),
    });
  });

  test('a ring that gateways have yet to confirm is said to be on its way, and no gateway to be without a ring', () => {
    const { Ready } = findings({ ...WELL, acknowledged: false, gateways: { ready: 2, inSync: 0 } });
    expect(Ready.message).toBe(
      'a new ring is being distributed: 0 of 2 gateways have confirmed it; the others still route by the previous ring',
    );
  });

  test('a rollout is one change of Ready, however many rings it takes', () => {
    const steps = [false, true, false].map((acknowledged) => reasons({ slotsToMove: 5, acknowledged }).Ready);
    expect(new Set(steps)).toEqual(new Set(['False Moving']));
  });

  test('what every healthy change passes through is progress; what an operator must look at is not', () => {
    for (const reason of ['Starting', 'NodesMissing', 'Publishing', 'Moving', 'Paused'])
      expect([reason, isProgress(reason)]).toEqual([reason, true]);
    for (const reason of ['NoNodeReady', 'MostNodesLost', 'BusUnavailable', 'GatewaysBehind', 'RegistryUnavailable'])
      expect([reason, isProgress(reason)]).toEqual([reason, false]);
  });

  test.each<[Observed['registry'], string]>([
    [{ synced: false, error: undefined }, 'Unknown Starting'],
    [{ synced: true, error: undefined }, 'True Synced'],
    [{ synced: false, error: 'no answer' }, 'False RegistryUnavailable'],
  ])('the registry %j is %s, and holds up nothing', (registry, reason) => {
    expect(reasons({ registry })).toMatchObject({ RegistrySynced: reason, Ready: 'True Settled' });
  });

  test('a slot that is too much for any node is named with its keys, and holds up nothing', () => {
    const found = (keys: string[], more = 0) => {
      const slot = { slot: 7, node: 'a', times: 1.44, keys };
      return findings({ ...WELL, hotSlots: [slot, ...Array.from({ length: more }, () => slot)] });
    };
    expect(found(['x', 'y']).SlotsFit).toMatchObject({
      ...{ status: 'False', reason: 'HotSlot' },
      message: expect.stringContaining(
        'slot 7 on node a alone has 1.4 times the node\'s share (keys: "x", "y"); other',
      ),
    });
    expect(found([], 2).SlotsFit.message).toContain('(keys not known), and 2 more;');
    expect(found(['x']).Ready.status).toBe('True');
  });

  test('a transition time changes only with the status', () => {
    const at = (minute: number) => new Date(Date.UTC(2026, 0, 1, 0, minute));
    const first = withFindings([], findings({ ...WELL, slotsToMove: 9 }), 1, at(0));
    const second = withFindings(first, findings({ ...WELL, slotsToMove: 2 }), 1, at(1));
    const third = withFindings(second, findings(WELL), 2, at(2));
    const ready = [first, second, third].map((conditions) => conditions.find(({ type }) => type === 'Ready'));
    expect(ready.map((condition) => condition?.lastTransitionTime.slice(14, 16))).toEqual(['00', '00', '02']);
    expect(ready[1]?.message).toContain('2 slots');
    expect(third.every(({ observedGeneration }) => observedGeneration === 2)).toBe(true);
  });
});
