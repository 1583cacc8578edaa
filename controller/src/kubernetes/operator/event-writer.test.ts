import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Call, Kube } from '../client/kube.ts';
import { EventWriter } from './event-writer.ts';
import type { ClusterResource } from './resource.ts';

const chat = { namespace: 'shop', name: 'chat', uid: 'a' } as ClusterResource;
const feed = { namespace: 'shop', name: 'feed', uid: 'b' } as ClusterResource;
const ready = { type: 'Normal', reason: 'NodeReady', message: 'a node is ready' } as const;
const missing = { type: 'Warning', reason: 'SecretUnusable', message: 'there is no Secret' } as const;

describe('events of a WsCluster', () => {
  let written: { reason: string; regarding: { name: string } }[];
  let events: EventWriter;
  beforeEach(() => {
    vi.useFakeTimers();
    written = [];
    const kube = { call: async ({ body }: Call) => written.push(body as (typeof written)[number]) };
    events = new EventWriter(kube as unknown as Kube, 'one', pino({ level: 'silent' }));
  });
  afterEach(() => {
    vi.useRealTimers();
  });
  const flap = (times: number) => {
    for (let time = 0; time < times; time++) events.write(chat, ready, 'node');
  };

  test('are bounded when its nodes flap, and then come slowly', () => {
    flap(1000);
    expect(written).toHaveLength(25);
    vi.advanceTimersByTime(10_000);
    flap(1000);
    expect(written).toHaveLength(30);
    vi.advanceTimersByTime(3_600_000);
    flap(1000);
    expect(written).toHaveLength(55);
  });

  test('say what stands in the way however many nodes flap, its own or those of another', () => {
    flap(1000);
    written.length = 0;
    events.write(chat, missing, 'condition');
    events.write(feed, ready, 'node');
    expect(written.map(({ reason, regarding }) => [reason, regarding.name])).toEqual([
      ['SecretUnusable', 'chat'],
      ['NodeReady', 'feed'],
    ]);
  });
});
