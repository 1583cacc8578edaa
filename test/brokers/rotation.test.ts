import { compareRevisions } from '@wscluster/ring';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  addUser,
  connectedUsers,
  deleteUser as deleteRabbitmqUser,
  usersOf,
} from '../contracts/support/rabbitmq-users.ts';
import { http } from '../e2e/support/http.ts';
import type { LoggedProcess } from '../e2e/support/processes.ts';
import { useCrowd } from '../e2e/support/use-crowd.ts';
import { until } from '../e2e/support/wait.ts';
import { agreed } from './support/agreement.ts';
import { askRedis, useBrokers } from './support/brokers.ts';
import { SecretMount } from './support/secret-mount.ts';

const NODES = 3;
const GATEWAYS = 2;
/** Each node, each gateway and the leader. */
const ON_THE_BUS = NODES + GATEWAYS + 1;
/** A file is looked at each 2 s. */
const TAKEN_MS = 10_000;

describe('with 300 clients, two controllers, and the URLs of RabbitMQ and Redis in a mounted secret', () => {
  const brokers = useBrokers();
  let secret: SecretMount;
  let turn = 0;
  let stopPolling = async () => {};
  const passwords = new Set<string>();

  beforeAll(() => {
    secret = new SecretMount({ rabbitmq: '', redis: '' });
  });
  afterAll(() => secret?.remove());
  beforeEach(async () => {
    for (const user of await listUsers()) if (user !== 'guest') await deleteUser(user);
    await makeUser('first');
    secret.write(urls('first'));
  });

  const started = useCrowd(300, () => ({
    nodes: NODES,
    gateways: GATEWAYS,
    controllers: 2,
    brokerFiles: { rabbitmqUrl: secret.path('rabbitmq'), redisUrl: secret.path('redis') },
    name: `chat-${++turn}`,
  }));
  afterEach(async () => {
    await stopPolling();
    const said = JSON.stringify(processes().map(({ lines }) => lines));
    for (const password of passwords) expect(said).not.toContain(password);
  });

  const passwordOf = (user: string) => {
    passwords.add(`secret-of-${user}`);
    return `secret-of-${user}`;
  };
  /** What the secret holds when it is of this user, at both brokers. */
  const urls = (user: string, password = passwordOf(user)) => ({
    rabbitmq: brokers().rabbitmq.url.replace('guest:guest', `${user}:${password}`),
    redis: brokers().redis.url.replace('//', `//${user}:${password}@`),
  });
  async function makeUser(user: string): Promise<void> {
    const { rabbitmq, redis } = brokers();
    await addUser(rabbitmq, user, passwordOf(user));
    const keys = ['~wscluster:*', '+@all'];
    await askRedis(redis.url, 'ACL', 'SETUSER', user, 'on', 'resetpass', `>${passwordOf(user)}`, ...keys);
  }
  /** Both brokers then close the connections of the user. */
  async function deleteUser(user: string): Promise<void> {
    const { rabbitmq, redis } = brokers();
    await askRedis(redis.url, 'ACL', 'DELUSER', user);
    await deleteRabbitmqUser(rabbitmq, user);
  }
  const listUsers = () => usersOf(brokers().rabbitmq);
  /** Users of the connections of our processes. */
  async function connected() {
    const { rabbitmq, redis } = brokers();
    const onRedis = String(await askRedis(redis.url, 'CLIENT', 'LIST'));
    return {
      rabbitmq: await connectedUsers(rabbitmq),
      redis: [...onRedis.matchAll(/ name=wscluster .* user=(\S+)/g)].map(([, user]) => user ?? ''),
    };
  }
  async function allAre(user: string): Promise<void> {
    let last = '';
    const look = async () => {
      const now = await connected();
      last = JSON.stringify(now);
      const others = [...now.rabbitmq, ...now.redis].filter((one) => one !== user);
      return others.length === 0 && now.rabbitmq.length === ON_THE_BUS && now.redis.length >= ON_THE_BUS;
    };
    await until(`all connections are of ${user}`, look, 30_000, 100).catch((error: Error) => {
      throw new Error(`${error.message}: ${last}`);
    });
  }
  const processes = (): LoggedProcess[] =>
    [...started().system.controllers, ...started().system.gateways].map(({ process }) => process);

  /** Asks gateways, nodes and the leader ten times a second whether they are ready; those that once were not. */
  async function watchReadiness() {
    const { system } = started();
    const leader = await system.leader();
    const targets = [
      ...system.gateways.map(({ probes }) => `127.0.0.1:${probes}`),
      ...(await system.nodes()).map(({ address }) => address ?? ''),
      `127.0.0.1:${leader?.probePort}`,
    ];
    const unready: string[] = [];
    let asked = 0;
    let going = true;
    const done = (async () => {
      while (going) {
        const answers = await Promise.all(targets.map((target) => http('GET', `http://${target}/readyz`)));
        for (const [index, { status, text }] of answers.entries())
          if (status !== 200) unready.push(`${targets[index]}: ${status} ${text}`);
        asked++;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    })();
    stopPolling = async () => {
      going = false;
      await done;
      stopPolling = async () => {};
    };
    return {
      async neverUnready() {
        await stopPolling();
        expect(unready).toEqual([]);
        expect(asked).toBeGreaterThan(10);
      },
    };
  }

  const unusable = ({ lines }: LoggedProcess) =>
    lines.flatMap(({ event, field }) => (event === 'option-file-unusable' ? String(field).split('_')[1] : [])).sort();

  /** A changed setting travels with a ring of a new revision, which reaches every gateway and changes no owner. */
  async function aRingReachesAll(): Promise<void> {
    const { system, crowd } = started();
    const { revision: before, table } = await system.ring();
    const change = { gateway: { limits: { maxConnections: 10_000 + before.version } } };
    // For a moment nobody may lead.
    await until('the change is taken', async () => (await system.patch(change)).status === 200);
    // Its version begins anew when another controller leads.
    await until('there is a newer ring', async () => compareRevisions((await system.ring()).revision, before) > 0);
    await agreed(system, undefined);
    expect((await system.ring()).table).toEqual(table);
    expect(crowd.closes).toEqual([]);
  }

  test('new users in the secret, then the old ones deleted: rings go on, and no client is closed', async () => {
    const { crowd } = started();
    const readiness = await watchReadiness();
    await makeUser('second');
    secret.write(urls('second'));
    await allAre('second');
    await deleteUser('first');
    await aRingReachesAll();
    await readiness.neverUnready();
    expect(
      processes().filter((process) => process.has('bus-disconnected') || process.has('redis-disconnected')),
    ).toEqual([]);
    for (const { lines } of processes())
      expect(lines.filter(({ event }) => event === 'redis-url-changed').length).toBeGreaterThan(0);
    expect(await crowd.quiet()).toEqual([]);
  });

  test('a wrong or an empty secret: the old connections go on, it is said, and a right one heals it', async () => {
    const { system, crowd } = started();
    const readiness = await watchReadiness();
    await makeUser('second');
    secret.write(urls('second', 'mistyped'));
    passwords.add('mistyped');
    await until(
      'every process has said it',
      () =>
        processes().every((process) => process.has('redis-connect-failed')) &&
        system.gateways.every(({ process }) => process.has('bus-connect-failed')),
      TAKEN_MS,
    );
    for (const { process } of system.gateways) {
      const failed = process.lines.filter(({ event }) => event === 'bus-connect-failed');
      expect(failed).toEqual([
        expect.objectContaining({
          msg: expect.stringMatching(/refuses the user second.*the previous connection stays in use/),
        }),
      ]);
    }
    await aRingReachesAll();
    await allAre('first');
    secret.write({ rabbitmq: '', redis: 'http://second:mistyped@127.0.0.1' });
    // A controller that waits to lead is not on the bus, and looks at one file only.
    await until(
      'every gateway has said it of both files, and every controller of that of Redis',
      () =>
        system.gateways.every(({ process }) => String(unusable(process)) === 'RABBITMQ,REDIS') &&
        system.controllers.every(({ process }) => unusable(process).includes('REDIS')),
      TAKEN_MS,
    );
    await aRingReachesAll();
    secret.write(urls('second'));
    await allAre('second');
    await deleteUser('first');
    await aRingReachesAll();
    await readiness.neverUnready();
    expect(await crowd.quiet()).toEqual([]);
  });

  test('the old users deleted before the secret is changed: all come back by the new ones, no client is closed', async () => {
    const { system, crowd } = started();
    await makeUser('second');
    await deleteUser('first');
    await until(
      'all have lost their connections',
      () =>
        system.gateways.every(({ process }) => process.has('bus-disconnected') && process.has('redis-disconnected')),
      TAKEN_MS,
    );
    secret.write(urls('second'));
    await allAre('second');
    await until('one leads', async () => (await system.leader()) !== undefined, 20_000);
    await agreed(system, undefined);
    await aRingReachesAll();
    expect(await crowd.quiet()).toEqual([]);
  });
});
