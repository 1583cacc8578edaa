import { WsClusterError } from '@wscluster/ring';
import { silentLogger } from '@wscluster/service';
import { expect, test, vi } from 'vitest';
import type { Workload, WorkloadSource } from '../ports/workload-source.ts';
import type { ScaleInput } from './scale.ts';
import { Scaler } from './scaler.ts';

const node = (id: string, phase: Workload['phase'] = 'ready'): Workload => ({ id, phase, address: '', managed: true });
const input = (listing: readonly Workload[], replicas: number): ScaleInput => ({
  listing,
  replicas,
  owners: new Set(),
  connections: new Map(),
  drainMs: 60_000,
  now: 0,
});
function sourceOf() {
  let count = 0;
  const nothing = async () => {};
  const create = vi.fn(async () => `new-${count++}`);
  const drain = vi.fn(async (_: string) => {});
  const stop = vi.fn(async (_: string) => {});
  const source: WorkloadSource = {
    list: async () => [],
    create,
    drain,
    stop,
    kill: nothing,
    endAll: nothing,
    close: nothing,
  };
  return { source, create, drain, stop };
}
const gone = new WsClusterError('NOT_FOUND', 'there is no node');

test('a node that has ended since the listing is no problem, and holds nothing up', async () => {
  const { source, create, drain, stop } = sourceOf();
  const scaler = new Scaler(source, silentLogger);
  stop.mockRejectedValueOnce(gone);
  expect(await scaler.scale(input([node('a', 'draining'), node('b', 'draining')], 1))).toBeUndefined();
  expect([stop.mock.calls.length, create.mock.calls.length]).toEqual([2, 1]);
  drain.mockRejectedValueOnce(gone);
  expect(await scaler.scale(input([node('a'), node('b'), node('c')], 1))).toBeUndefined();
  expect([drain.mock.calls.length, scaler.problem]).toEqual([2, undefined]);
});

test('one that cannot be stopped for another reason is a problem until it can be', async () => {
  const { source, stop } = sourceOf();
  const scaler = new Scaler(source, silentLogger);
  stop.mockRejectedValueOnce(new WsClusterError('SOURCE_UNAVAILABLE', 'no answer'));
  expect(await scaler.scale(input([node('a', 'draining')], 0))).toBe(1000);
  expect(scaler.problem).toBe('no answer');
  expect(await scaler.scale(input([node('a', 'draining')], 0))).toBeUndefined();
  expect(scaler.problem).toBeUndefined();
});

test('a node that cannot be created is not tried at each look; the problem stays until one can be, or none is wanted', async () => {
  const { source, create } = sourceOf();
  const scaler = new Scaler(source, silentLogger);
  create.mockRejectedValueOnce(new WsClusterError('SOURCE_UNAVAILABLE', 'exceeded quota'));
  for (let n = 0; n < 5; n++) expect(await scaler.scale(input([], 1))).toBeGreaterThan(900);
  expect([create.mock.calls.length, scaler.problem]).toEqual([1, 'exceeded quota']);
  expect(await scaler.scale(input([], 0))).toBeUndefined();
  expect(scaler.problem).toBeUndefined();
});
