import { WsClusterError } from '@wscluster/ring';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ApiRefusal } from '../client/api-error.ts';
import type { Call, Kube } from '../client/kube.ts';
import { Secrets } from './secrets.ts';
import { obstacleOf } from './status.ts';

describe('the secrets of a WsCluster', () => {
  let there: Record<string, Record<string, string>>;
  let reads: string[];
  let answerMs: number;
  let failure: Error | undefined;
  let lines: { event: string }[];
  let secrets: Secrets;
  beforeEach(() => {
    vi.useFakeTimers();
    there = { brokers: { amqp: 'amqp://u:p@rabbit', redis: 'redis://redis' }, nacos: { token: 'one' } };
    reads = [];
    answerMs = 0;
    failure = undefined;
    lines = [];
    const call = async ({ name = '' }: Call) => {
      reads.push(name);
      const values = there[name];
      if (answerMs > 0) await new Promise((resolve) => setTimeout(resolve, answerMs));
      if (failure !== undefined) throw failure;
      if (values === undefined) throw new ApiRefusal(404, 'NotFound', 'not found');
      const data = Object.entries(values).map(([key, value]) => [key, Buffer.from(value).toString('base64')]);
      return { metadata: {}, data: Object.fromEntries(data) };
    };
    secrets = new Secrets({
      kube: { call } as unknown as Kube,
      namespace: 'shop',
      log: pino({}, { write: (line) => void lines.push(JSON.parse(line)) }),
    });
  });
  afterEach(() => {
    secrets.close();
    vi.useRealTimers();
  });

  const amqp = () => secrets.url('bus.secretRef', { name: 'brokers', key: 'amqp' }, /^amqps?:$/);
  const redis = () => secrets.url('store.secretRef', { name: 'brokers', key: 'redis' }, /^rediss?:$/);
  const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
  const events = () => lines.map(({ event }) => event);

  test('are followed, each read once a round', async () => {
    const [bus, store] = [await amqp(), await redis()];
    reads.length = 0;
    there = { brokers: { amqp: 'amqp://other', redis: 'redis://other' } };
    await pass(10_000);
    expect([bus.value, store.value]).toEqual(['amqp://other', 'redis://other']);
    expect(reads).toEqual(['brokers']);
  });

  test('do not go back to what a slow answer says that is older', async () => {
    const bus = await amqp();
    const seen: string[] = [];
    bus.onChange(() => seen.push(bus.value));
    answerMs = 25_000;
    await pass(10_000);
    there = { brokers: { amqp: 'amqp://new' } };
    answerMs = 0;
    await pass(60_000);
    expect(seen).toEqual(['amqp://new']);
  });

  test('are left alone once closed, also by an answer that is under way', async () => {
    const bus = await amqp();
    there = { brokers: { amqp: 'amqp://new' } };
    answerMs = 1_000;
    await pass(10_500);
    secrets.close();
    await pass(60_000);
    expect(bus.value).toBe('amqp://u:p@rabbit');
    expect(reads).toHaveLength(2);
  });

  test.each([
    ['none of its keys', { user: 'a' }],
    ['half of them', { username: 'a' }],
    ['an empty one', { token: '' }],
  ])('of Nacos with %s are refused, naming those that are needed', async (_what, values) => {
    there = { nacos: values };
    const refused = secrets.values('registry.nacos.secretRef', 'nacos');
    await expect(refused).rejects.toThrow('the Secret nacos needs the key token, or username and password');
  });

  test.each(['amqp://', 'http://rabbit', 'rabbit', 'amqp://u:50%@rabbit'])(
    'of a broker as %s are refused as a Secret',
    async (url) => {
      there = { brokers: { amqp: url } };
      const error = await amqp().catch((thrown: unknown) => thrown);
      expect(obstacleOf(error)).toMatchObject({
        reason: 'SecretUnusable',
        message: expect.not.stringContaining('50%'),
      });
    },
  );

  test('that only their user refuses are a matter of the Secret too', () => {
    const refused = new WsClusterError('CONFIG_INVALID', 'the URL of Redis must be ...', { field: 'url' });
    expect(obstacleOf(refused).reason).toBe('SecretUnusable');
  });

  test('that are not usable any more are told once, whatever the reasons, and keep their value', async () => {
    const bus = await amqp();
    there = {};
    await pass(10_000);
    expect(secrets.problem).toBe('bus.secretRef: there is no Secret brokers in the namespace shop');
    there = { brokers: { amqp: 'http://x' } };
    await pass(10_000);
    failure = new ApiRefusal(403, 'Forbidden', 'secrets is forbidden');
    await pass(10_000);
    expect(secrets.problem).toBe('secrets is forbidden');
    failure = new WsClusterError('SOURCE_UNAVAILABLE', 'away');
    await pass(10_000);
    expect(secrets.problem).toBe('secrets is forbidden');
    expect(bus.value).toBe('amqp://u:p@rabbit');
    failure = undefined;
    there = { brokers: { amqp: 'amqp://new' } };
    await pass(10_000);
    expect(secrets.problem).toBeUndefined();
    expect(bus.value).toBe('amqp://new');
    expect(events()).toEqual(['secret-unusable', 'secret-usable-again']);
  });
});
