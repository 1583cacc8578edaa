import { WsClusterError } from '@wscluster/ring';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Call, Kube } from '../client/kube.ts';
import type { ResourceStatus } from '../crd/status-schema.ts';
import type { ClusterResource } from './resource.ts';
import { brokenStatus } from './status.ts';
import { StatusWriter } from './status-writer.ts';

const condition = (status: 'True' | 'False', reason = status === 'True' ? 'Settled' : 'NodesMissing') => ({
  ...{ type: 'Ready', status, reason, message: '', observedGeneration: 1 },
  lastTransitionTime: '2026-01-01T00:00:00.000Z',
});
const status = (ready: 'True' | 'False', connections = 0): ResourceStatus => ({
  observedGeneration: 1,
  connections,
  conditions: [condition(ready)],
  nodes: { ready: 2, desired: 2, draining: 0 },
});
/** As the API server holds it: the keys in its own order. */
const held = ({ nodes, conditions, ...rest }: ResourceStatus): ResourceStatus => ({
  nodes: nodes && { draining: nodes.draining, desired: nodes.desired, ready: nodes.ready },
  ...rest,
  conditions: conditions?.map(({ type, ...others }) => ({ ...others, type })),
});

describe('the status of a WsCluster', () => {
  let version: number;
  let written: (ResourceStatus | undefined)[];
  let told: string[];
  let lines: { event: string; cluster: string }[];
  let failure: string | undefined;
  let writer: StatusWriter;
  beforeEach(() => {
    vi.useFakeTimers();
    version = 10;
    written = [];
    told = [];
    lines = [];
    failure = undefined;
    writer = begin();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  function begin(): StatusWriter {
    const call = async ({ body }: Call) => {
      if (failure !== undefined) throw new WsClusterError('SOURCE_UNAVAILABLE', failure);
      const { metadata, status: sent } = body as ClusterResource & { metadata: object };
      written.push(sent);
      return { metadata: { ...metadata, resourceVersion: `${++version}` }, status: held(sent ?? {}) };
    };
    return new StatusWriter({
      kube: { call } as unknown as Kube,
      log: pino({}, { write: (line) => void lines.push(JSON.parse(line)) }),
      onCondition: ({ type, status: now, reason }) => told.push(`${type} ${now} ${reason}`),
    });
  }
  const resource = (resourceVersion: string, there?: ResourceStatus) =>
    ({
      id: 'shop.chat',
      namespace: 'shop',
      name: 'chat',
      uid: 'a',
      generation: 1,
      resourceVersion,
      status: there,
    }) as ClusterResource;

  test('is written when it changes, and not because the watch is behind', async () => {
    const before = resource('9');
    await writer.write(before, status('True'));
    await writer.write(before, status('True'));
    await writer.write(resource('11', held(status('True'))), status('True'));
    expect(written).toHaveLength(1);
    await writer.write(before, status('False'));
    expect(written).toHaveLength(2);
    expect(told).toEqual(['Ready True Settled', 'Ready False NodesMissing']);
  });

  test('is left as a former leader wrote it when that says the same, and no Event repeats it', async () => {
    await writer.write(resource('9', held(status('True'))), status('True'));
    expect(written).toEqual([]);
    await writer.write(resource('9', held(status('True'))), { ...status('True'), observedGeneration: 2 });
    expect(written).toHaveLength(1);
    expect(told).toEqual([]);
  });

  test('is put right when somebody else changes it', async () => {
    await writer.write(resource('9'), status('True'));
    const changed = resource('12', held(status('False')));
    await writer.write(changed, status('True'));
    expect(written).toHaveLength(2);
    await writer.write(changed, status('True'));
    expect(written).toHaveLength(2);
  });

  test('is not written because something else of the resource changed', async () => {
    await writer.write(resource('9'), status('True'));
    await writer.write(resource('12', held(status('True'))), status('True'));
    expect(written).toHaveLength(1);
  });

  test('has each 10 s the connections, when nothing else changes', async () => {
    await writer.write(resource('9'), status('True', 1));
    await writer.write(resource('9'), status('True', 2));
    expect(written).toHaveLength(1);
    vi.advanceTimersByTime(10_000);
    await writer.write(resource('9'), status('True', 3));
    expect(written.map((sent) => sent?.connections)).toEqual([1, 3]);
  });

  test('keeps the times of its conditions although the watch is behind, and whoever wrote them', async () => {
    const first = brokenStatus(resource('9', status('True')), { reason: 'Gone', message: '' }, new Date(1_000));
    await writer.write(resource('9', status('True')), first);
    const latest = writer.latest(resource('9', status('True')));
    const second = brokenStatus(latest, { reason: 'StillGone', message: '' }, new Date(2_000));
    expect(second.conditions?.[0]?.lastTransitionTime).toBe(new Date(1_000).toISOString());
    const theirs = resource('50', held(status('False')));
    expect(writer.latest(theirs).status).toEqual(theirs.status);
  });

  test('has one line in the log when it cannot be written, whatever the reasons, and one when it can again', async () => {
    for (failure of ['no answer within 10 s', 'ECONNREFUSED', 'no answer within 10 s'])
      await writer.write(resource('9'), status('True'));
    failure = undefined;
    await writer.write(resource('9'), status('True'));
    expect(lines.map(({ event, cluster }) => [event, cluster])).toEqual([
      ['status-not-written', 'shop.chat'],
      ['status-written-again', 'shop.chat'],
    ]);
  });
});
