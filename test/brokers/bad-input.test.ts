import { redisServer } from '@wscluster/testbed';
import { freePorts } from '@wscluster/testbed/ports';
import { connect } from 'amqplib';
import { afterEach, describe, expect, inject, test } from 'vitest';
import { Client } from '../e2e/support/client.ts';
import { http } from '../e2e/support/http.ts';
import type { LoggedProcess } from '../e2e/support/processes.ts';
import { System, type SystemOptions } from '../e2e/support/system.ts';
import { until } from '../e2e/support/wait.ts';
import { agreed } from './support/agreement.ts';
import { askRedis } from './support/brokers.ts';

const SECRET = 'do-not-tell-anybody';

/** Lines that ask an operator to act, whose text has `text` in it. */
function complaints(process: LoggedProcess, text: string) {
  return process.lines.filter(({ level, msg }) => level !== 'info' && level !== 'debug' && msg?.includes(text));
}

describe('with wrong addresses, credentials and contents', () => {
  const urls = inject('brokers');
  let system: System | undefined;
  let count = 0;
  afterEach(async () => {
    const ended = system;
    system = undefined;
    await ended?.stop();
  });
  const begin = async (options: SystemOptions): Promise<System> => {
    system = await System.begin({ nodes: 1, gateways: 1, controllers: 1, name: `bad-${++count}`, ...options });
    return system;
  };
  const expectNoSecrets = ({ controller, gateways }: System) => {
    for (const { lines, other } of [controller, ...gateways.map(({ process }) => process)])
      expect(JSON.stringify([lines, other])).not.toContain(SECRET);
  };

  test('a Redis that is not there yet: said once, ready as soon as it is', async () => {
    const redis = await redisServer();
    try {
      await redis.stop();
      const { controller, ...rest } = await begin({ brokers: { ...urls, redisUrl: redis.url } });
      await until('it is said', () => complaints(controller, redis.address).length > 0);
      const readiness = () => http('GET', `http://127.0.0.1:${rest.controllers[0]?.probePort}/readyz`);
      expect((await readiness()).status).toBe(503);
      await redis.start();
      await system?.settled(1);
      expect(controller.ended).toBe(false);
      // Ring store, documents and leadership each have a connection of their own.
      expect(complaints(controller, redis.address).length).toBeLessThanOrEqual(3);
      await system?.stop();
      system = undefined;
    } finally {
      await redis.dispose();
    }
  });

  test('a wrong password of Redis: one clear line, and no crash', async () => {
    const redis = await redisServer({ password: 'right' });
    try {
      const redisUrl = redis.url.replace('right', SECRET);
      const bad = await begin({ brokers: { ...urls, redisUrl } });
      await until('it is said', () => complaints(bad.controller, 'password').length > 0);
      await until(
        'the gateway says it too',
        () => complaints(bad.gateways[0]?.process as LoggedProcess, 'password').length > 0,
      );
      expect([bad.controller.ended, bad.gateways[0]?.process.ended]).toEqual([false, false]);
      expectNoSecrets(bad);
      await bad.stop();
      system = undefined;
    } finally {
      await redis.dispose();
    }
  });

  test('wrong credentials of RabbitMQ: one clear line, and gateways go by the ring in Redis', async () => {
    const rabbitmqUrl = urls.rabbitmqUrl.replace(/\/\/[^@]*@/, `//guest:${SECRET}@`);
    const bad = await begin({ brokers: { ...urls, rabbitmqUrl } });
    await until(
      'it is said',
      () =>
        complaints(bad.controller, 'RabbitMQ').length > 0 ||
        bad.controller.lines.some(({ event }) => event?.startsWith('bus-connect-failed') === true),
    );
    await until(
      'the status says it',
      async () => (await bad.api('GET', '').catch(() => undefined))?.text.includes('BusUnavailable') ?? false,
      20_000,
    );
    const client = new Client('ada', bad.clientUrls('ada'));
    await until('a client is served', () => client.connected, 20_000);
    client.stop();
    // Its nodes log to the same place.
    const own = bad.controller.lines.filter(
      ({ service, event }) => service === 'controller' && event === 'bus-connect-failed',
    );
    expect(own).toHaveLength(1);
    expectNoSecrets(bad);
  });

  test('no Nacos at the address, and a service of ephemeral instances: a condition, and the ring goes on', async () => {
    const [port = 0] = await freePorts(1);
    const bad = await begin({ brokers: urls, nacos: [`127.0.0.1:${port}`] });
    await bad.settled(1);
    await until('the status says it', async () => (await bad.api('GET', '')).text.includes('RegistryUnavailable'));
    expect((await bad.api('GET', '')).text).toContain(`127.0.0.1:${port}`);
    expect(bad.controller.lines.filter(({ event }) => event === 'registry-unavailable')).toHaveLength(1);
  });

  test('a snapshot of garbage in Redis: said, and replaced by a ring', async () => {
    const name = `bad-${count + 1}`;
    await askRedis(
      urls.redisUrl,
      'HSET',
      `wscluster:{${name}}:ring`,
      'epoch',
      '7',
      'version',
      '9',
      'message',
      '{"wire":',
    );
    const bad = await begin({ brokers: urls });
    await bad.settled(1);
    expect(bad.controller.has('stored-ring-damaged')).toBe(true);
    expect((await bad.ring()).revision.epoch).toBeGreaterThan(7);
  });

  test('strange documents in Redis: said with what to remove, tried again, and mended by removing them', async () => {
    const name = `bad-${count + 1}`;
    await askRedis(urls.redisUrl, 'SET', `wscluster:{${name}}:documents`, 'what?');
    const bad = await begin({ brokers: urls });
    await until('it is said', () => bad.controller.has('lead-failed') || bad.controller.ended);
    expect(bad.controller.ended).toBe(false);
    await askRedis(urls.redisUrl, 'DEL', `wscluster:{${name}}:documents`);
    await bad.settled(1);
  });

  test('foreign messages on the exchange change nothing', async () => {
    const bad = await begin({ brokers: urls });
    await bad.settled(1);
    const { revision } = await bad.ring();
    const connection = await connect(urls.rabbitmqUrl);
    try {
      const channel = await connection.createConfirmChannel();
      for (const exchange of ['rings', 'reports'])
        for (const payload of [
          '',
          '{',
          '[]',
          '{"type":"ring"}',
          '\u0000\u00ff',
          JSON.stringify({ wire: 99, type: 'ring' }),
          'x'.repeat(5_000_000),
        ])
          channel.publish(`wscluster.${bad.name}.${exchange}`, '', Buffer.from(payload, 'latin1'));
      await channel.waitForConfirms();
      await channel.close();
    } finally {
      await connection.close();
    }
    await bad.addNode();
    await bad.settled(2);
    await agreed(bad, undefined);
    expect((await bad.ring()).revision.epoch).toBe(revision.epoch);
    const damaged = bad.gateways[0]?.process.lines.filter(({ level }) => level === 'warn') ?? [];
    expect(damaged.length).toBeGreaterThan(0);
    expect(damaged.length).toBeLessThan(10);
  });
});
