import { startEchoNode } from '@wscluster/gateway/testing/echo-node';
import { releaseUpTo, revision, ringMessage, ringOf } from '@wscluster/gateway/testing/rings';
import { afterEach, expect, it } from 'vitest';
import { until } from '../e2e/support/wait.ts';
import { ATTACKED_SETTINGS, ATTACKED_SLOTS, ATTACKS, type AttackName } from './support/attacks.ts';
import { Crowd } from './support/crowd.ts';
import { GatewayProcess } from './support/gateway-process.ts';

const HONEST = 500;
/** Enough that each attack is on when most of the messages are sent. */
const TALK = { perSecond: 1_000, seconds: 5 };

const stops: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

/** What bench/attacks.bench.ts measures is not measured here: how long the honest clients wait. */
it.each<[AttackName, { connections: number; perSecond?: number }, number]>([
  ['costly heads', { connections: 20 }, 500],
  ['pipelined GETs that nobody reads', { connections: 20 }, 20_000],
  ['bodies that stop arriving', { connections: 1_000, perSecond: 300 }, 500],
])(`${HONEST} clients lose nothing beside %s`, async (name, strength, leastRequests) => {
  const [honest, attacked] = [await startEchoNode('honest'), await startEchoNode('attacked')];
  stops.push(honest.stop, attacked.stop);
  const ring = ringOf(revision(1), [honest, attacked], (slot) => (ATTACKED_SLOTS.has(slot) ? 1 : 0));
  const gateway = await GatewayProcess.start(ringMessage(ring, releaseUpTo(ring.revision), ATTACKED_SETTINGS));
  stops.unshift(() => gateway.kill());
  const crowd = await Crowd.connect(gateway.port, HONEST);
  stops.unshift(async () => crowd.end());

  const attack = ATTACKS[name](gateway.port, strength);
  stops.unshift(async () => attack.stop());
  await crowd.talk(TALK);
  await until('the attack has gone on for a while', () => attack.requests >= leastRequests, 60_000);
  await until('all messages are back', () => crowd.awaited === 0 || crowd.faults.length > 0);
  attack.stop();

  expect(crowd.faults).toEqual([]);
  expect((await gateway.census({ collect: false })).errors).toEqual([]);
  crowd.end();
  await until('nothing is left', async () => {
    const { connections, sockets } = await gateway.census({ collect: false });
    return connections === 0 && sockets === 0;
  });
});
