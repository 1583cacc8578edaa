import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { type RabbitmqServer, rabbitmqServer } from '@wscluster/testbed';
import { openAmqpFollower, openAmqpHub, type RingBusFollower, type RingBusHub } from '@wscluster/transport';
import { connect } from 'amqplib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { until } from '../e2e/support/wait.ts';
import { inTime } from './support/in-time.ts';
import { type RecordedLog, recordingLog } from './support/log-lines.ts';
import { heartbeat, report, ringAt } from './support/messages.ts';
import { FollowerRecorder, HubRecorder } from './support/recorder.ts';

/** Level of a log line. */
const INFO = 30;
const PASSWORD = 'correct-horse';
const RINGS = 'wscluster.chat.rings';
const REPORTS = 'wscluster.chat.reports';

describe('the bus on RabbitMQ in an outage', () => {
  let server: RabbitmqServer;
  let logged: RecordedLog;
  const opened = new Set<RingBusHub | RingBusFollower>();
  beforeAll(async () => {
    server = await rabbitmqServer({ user: 'wscluster', password: PASSWORD });
  });
  afterAll(() => server.dispose());
  beforeEach(async () => {
    if (server.pid === undefined) await server.start();
    logged = recordingLog('info');
  });
  afterEach(async () => {
    for (const end of opened) await end.close();
    opened.clear();
    expect(JSON.stringify(logged.lines)).not.toContain(PASSWORD);
  });

  async function openHub(url = server.url) {
    const heard = new HubRecorder();
    const hub = await openAmqpHub({ url, cluster: 'chat', log: logged.log }, heard);
    opened.add(hub);
    return { hub, heard };
  }
  async function openFollower(url = server.url) {
    const heard = new FollowerRecorder();
    const follower = await openAmqpFollower({ url, cluster: 'chat', log: logged.log }, heard);
    opened.add(follower);
    return { follower, heard };
  }
  async function openBoth() {
    const [hub, follower] = [await openHub(), await openFollower()];
    await until('the follower is connected', () => follower.follower.connected);
    return { ...follower, hub: hub.hub, atHub: hub.heard };
  }
  type Both = Awaited<ReturnType<typeof openBoth>>;
  let version = 0;
  let moved = 0;
  /** Messages flow in both directions. */
  async function works({ hub, follower, heard, atHub }: Both) {
    const [expected, sent] = [++version, ++moved];
    await until('a broadcast arrives', async () => {
      await hub.broadcast(heartbeat(expected)).catch(() => {});
      return heard.versions.includes(expected);
    });
    await until('a report arrives', async () => {
      await follower.send(report('gw-a', sent)).catch(() => {});
      return atHub.reportsOf('gw-a').includes(sent);
    });
  }
  const events = () => logged.lines.map(({ event }) => event).sort();
  const queuesOf = async (exchange: string) =>
    (await server.ctl('-q', 'list_bindings', 'source_name', 'destination_name'))
      .split('\n')
      .map((line) => line.split('\t'))
      .flatMap(([source, queue]) => (source === exchange && queue !== undefined ? [queue] : []));

  test('a broker that was killed is used again within 3 s of its return: one line each', async () => {
    const both = await openBoth();
    await works(both);
    await server.kill();
    await until('it is noticed', () => !both.follower.connected);
    await expect(both.hub.broadcast(heartbeat(1))).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' });
    await expect(both.follower.send(report('gw-a', 1))).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' });
    await server.start();
    const from = performance.now();
    await works(both);
    expect(performance.now() - from).toBeLessThan(3_000);
    expect(both.heard.changes).toEqual(['connected', 'disconnected', 'connected']);
    // Of each end.
    expect(events()).toEqual([
      'bus-connected',
      'bus-connected',
      'bus-connected',
      'bus-connected',
      'bus-disconnected',
      'bus-disconnected',
    ]);
    expect(logged.warnings[0]).toMatchObject({
      action: expect.any(String),
      address: expect.stringMatching(/^amqp:\/\/127/),
    });
  });

  test('both ends open while the broker is away, say so once, and work when it comes', async () => {
    await server.stop();
    const openOneByOne = async () => [await openHub(), await openFollower()] as const;
    const [hub, { follower, heard }] = await inTime(2_500, openOneByOne());
    expect(follower.connected).toBe(false);
    await expect(hub.hub.broadcast(heartbeat(1))).rejects.toMatchObject({
      code: 'BUS_UNAVAILABLE',
      message: expect.stringContaining(server.address),
    });
    await server.start();
    await works({ hub: hub.hub, atHub: hub.heard, follower, heard });
    expect(heard.changes).toEqual(['connected']);
    expect(events()).toEqual(['bus-connect-failed', 'bus-connect-failed', 'bus-connected', 'bus-connected']);
  });

  test('the queue hears the hub by the time that onConnected is called', async () => {
    const { hub } = await openHub();
    const heard = new FollowerRecorder();
    const early: Promise<void>[] = [];
    heard.onConnected = () => {
      heard.changes.push('connected');
      early.push(hub.broadcast(heartbeat(heard.changes.length)));
    };
    const follower = await openAmqpFollower({ url: server.url, cluster: 'chat', log: logged.log }, heard);
    opened.add(follower);
    await until('the first', () => heard.versions.length === 1);
    for (const round of [2, 3]) {
      const [queue] = await queuesOf(RINGS);
      await server.eval(closeConnectionOf(queue ?? ''));
      await until('the next', () => heard.versions.length === round);
    }
    await Promise.all(early);
    expect(heard.versions).toEqual([1, 3, 5]); // numbered by the changes, among which are the losses
  });

  test('connections that an operator closes are made anew', async () => {
    const both = await openBoth();
    await server.ctl('close_all_connections', 'closed by a test');
    await until('it is noticed', () => both.heard.changes.includes('disconnected'));
    await works(both);
    expect(both.heard.changes).toEqual(['connected', 'disconnected', 'connected']);
    expect(logged.warnings[0]?.msg).toContain('closed by a test');
  });

  test('a queue that is deleted is made anew', async () => {
    const both = await openBoth();
    const [queue] = await queuesOf(RINGS);
    await server.ctl('delete_queue', queue ?? '');
    await until('it is noticed', () => both.heard.changes.includes('disconnected'));
    await works(both);
    expect(logged.warnings.map(({ msg }) => msg)).toEqual([expect.stringContaining('its queue is gone')]);
  });

  test('the queue of the hub that is deleted is made anew', async () => {
    const both = await openBoth();
    const [queue] = await queuesOf(REPORTS);
    await server.ctl('delete_queue', queue ?? '');
    await until('it is noticed', () => logged.warnings.length > 0);
    await works(both);
  });

  test('exchanges that are deleted are made anew, and the channel that the broker closes for it', async () => {
    const both = await openBoth();
    const connection = await connect(server.url);
    const channel = await connection.createChannel();
    await channel.deleteExchange(RINGS);
    await channel.deleteExchange(REPORTS);
    await expect(both.hub.broadcast(heartbeat(1))).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' });
    await expect(both.follower.send(report('gw-a', 1))).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' });
    await works(both);
    expect(logged.warnings.every(({ msg }) => String(msg).includes("no exchange 'wscluster.chat."))).toBe(true);
    await connection.close();
  });

  test('a follower whose exchange was deleted and made anew by others hears it again', async () => {
    const both = await openBoth();
    const connection = await connect(server.url);
    await (await connection.createChannel()).deleteExchange(RINGS);
    await connection.close();
    // Its queue has lost the binding, which RabbitMQ tells nobody; the hub then makes the exchange.
    await expect(both.hub.broadcast(heartbeat(1))).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' });
    await works(both);
    expect(both.heard.changes).toEqual(['connected']);
  });

  test('a broker that hangs is noticed, broadcasts fail within 2.5 s, and its return is used', async () => {
    const both = await openBoth();
    server.freeze();
    try {
      await inTime(2_500, expect(both.hub.broadcast(heartbeat(1))).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' }));
      await until('heartbeats are missed', () => !both.follower.connected);
      await expect(both.follower.send(report('gw-a', 1))).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' });
    } finally {
      server.thaw();
    }
    await works(both);
    expect(both.heard.changes).toEqual(['connected', 'disconnected', 'connected']);
    expect(logged.warnings.map(({ event }) => event)).toEqual(['bus-disconnected', 'bus-disconnected']);
  });

  test('both ends close within 2 s while the broker hangs, also while they connect', async () => {
    const both = await openBoth();
    server.freeze();
    try {
      const { follower: connecting } = await openFollower();
      const from = performance.now();
      await Promise.all([both.hub.close(), both.follower.close(), connecting.close()]);
      expect(performance.now() - from).toBeLessThan(2_000);
      // Now, and not when the broker goes on and closes its side.
      await until('no socket is left', () => !process.getActiveResourcesInfo().includes('TCPSocketWrap'), 2_000);
    } finally {
      server.thaw();
    }
  });

  test('while an alarm blocks the broker, messages are refused in time; when it is over they flow', async () => {
    const both = await openBoth();
    await server.ctl('set_vm_memory_high_watermark', '0.00001');
    try {
      const from = performance.now();
      await expect(both.hub.broadcast(ringAt(1, 1))).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' });
      await expect(both.follower.send(report('gw-a', 1))).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' });
      expect(performance.now() - from).toBeLessThan(5_000);
      // At once: a message that is not refused waits for a confirmation, for a second or more.
      const again = expect(both.hub.broadcast(ringAt(1, 2))).rejects.toMatchObject({
        code: 'BUS_UNAVAILABLE',
        message: expect.stringMatching(/accepts no messages at the moment.*memory/),
      });
      await inTime(500, again);
      expect(both.follower.connected).toBe(true);
    } finally {
      await server.ctl('set_vm_memory_high_watermark', '0.6');
    }
    await works(both);
    expect(events().filter((event) => event !== 'bus-connected')).toEqual([
      'bus-blocked',
      'bus-blocked',
      'bus-unblocked',
      'bus-unblocked',
    ]);
  });

  test('both ends close in time while an alarm blocks the broker', async () => {
    const both = await openBoth();
    await server.ctl('set_vm_memory_high_watermark', '0.00001');
    try {
      await both.hub.broadcast(heartbeat(1)).catch(() => {});
      const from = performance.now();
      await Promise.all([both.hub.close(), both.follower.close()]);
      expect(performance.now() - from).toBeLessThan(2_000);
    } finally {
      await server.ctl('set_vm_memory_high_watermark', '0.6');
    }
  });

  const foreign = [
    ['of another cluster', Buffer.from(JSON.stringify({ ...heartbeat(1), cluster: 'else' }))],
    ['over 4 MB', Buffer.alloc(4 * 1024 * 1024 + 1, ' ')],
    ['without a body', Buffer.alloc(0)],
    ['a report', Buffer.from(JSON.stringify(report('gw-a', 1)))],
  ] as const;
  test.each(foreign)('a message %s on the exchange is dropped with a log line', async (_, content) => {
    const both = await openBoth();
    await publish(RINGS, [content]);
    await works(both);
    expect(both.heard.broadcasts.every(({ cluster }) => cluster === 'chat')).toBe(true);
    expect(both.heard.changes).toEqual(['connected']);
    expect(logged.warnings).toEqual([
      expect.objectContaining({ event: 'bus-message-damaged', action: expect.any(String) }),
    ]);
  });

  test('a flood of foreign messages fills no log', async () => {
    const both = await openBoth();
    await publish(
      RINGS,
      Array.from({ length: 1_000 }, () => Buffer.from('spam')),
    );
    await works(both);
    expect(logged.warnings).toHaveLength(1);
  });

  test('a broadcast that nobody can read yet leaves nothing in the broker', async () => {
    const both = await openBoth();
    await works(both);
    const waiting = await server.ctl('-q', 'list_queues', 'messages');
    expect(waiting.match(/^\d+$/gm)).toEqual(['0', '0']);
    await both.hub.close();
    await both.follower.close();
    await until('the queues are gone', async () => !/^\d+$/m.test(await server.ctl('-q', 'list_queues', 'messages')));
  });

  test('queues are bounded, so that a follower that hangs does not fill the broker', async () => {
    await openBoth();
    const listed = await server.ctl('-q', 'list_queues', 'arguments', 'exclusive', 'durable');
    for (const argument of ['x-message-ttl', 'x-max-length', 'x-max-length-bytes', 'drop-head'])
      expect(listed.split(argument).length - 1).toBeGreaterThanOrEqual(2);
    expect(listed.match(/true\tfalse/g)).toHaveLength(2);
  });

  test.each([
    [
      'a wrong password',
      () => server.url.replace(PASSWORD, 'wrong-battery'),
      /refuses the user wscluster or the password/,
    ],
    [
      'a virtual host that is not there',
      () => `${server.url}/nowhere`,
      /no virtual host nowhere, or the user wscluster has no access to it/,
    ],
    ['a host name that is not known', () => 'amqp://guest:guest@no.such.host.invalid', /host name is not known/],
  ])('%s is told in one line, and tried again', async (_, url, what) => {
    logged = recordingLog('debug'); // which has a line for each try
    const [{ hub }] = [await openHub(url())];
    await expect(hub.broadcast(heartbeat(1))).rejects.toMatchObject({
      code: 'BUS_UNAVAILABLE',
      message: expect.stringMatching(what),
    });
    await until('it was tried four times', () => logged.lines.filter(({ msg }) => what.test(String(msg))).length >= 4);
    expect(logged.lines.filter(({ level }) => Number(level) >= INFO)).toEqual([
      expect.objectContaining({
        event: 'bus-connect-failed',
        msg: expect.stringMatching(what),
        action: expect.any(String),
      }),
    ]);
    expect(JSON.stringify(logged.lines)).not.toContain('wrong-battery');
  });

  test('a virtual host that comes later is used', async () => {
    const { follower } = await openFollower(`${server.url}/later`);
    await until('it is told', () => logged.warnings.length > 0);
    await server.ctl('add_vhost', 'later');
    await server.ctl('set_permissions', '-p', 'later', 'wscluster', 'wscluster[.].*|amq[.]gen.*', '.*', '.*');
    await until('it is used', () => follower.connected);
    await server.ctl('delete_vhost', 'later');
    await until('it is noticed', () => !follower.connected);
    expect(logged.warnings.map(({ event }) => event)).toContain('bus-disconnected');
  });

  test('an exchange of that name but of another type is told, and used once it is gone', async () => {
    const connection = await connect(server.url);
    const channel = await connection.createChannel();
    await channel.deleteExchange(RINGS);
    await channel.assertExchange(RINGS, 'topic');
    const { follower } = await openFollower();
    await until('it is told', () => logged.warnings.length > 0);
    expect(logged.warnings).toEqual([
      expect.objectContaining({
        msg: expect.stringMatching(/another type.*wscluster\.chat\.rings/),
        action: expect.stringContaining('delete that exchange'),
      }),
    ]);
    await channel.deleteExchange(RINGS);
    await until('it is used', () => follower.connected);
    await connection.close();
  });

  test('a user without permissions is told', async () => {
    await server.ctl('add_user', 'nobody', 'nothing');
    await openFollower(server.url.replace(`wscluster:${PASSWORD}`, 'nobody:nothing'));
    await until('it is told', () => logged.warnings.length > 0);
    expect(logged.warnings).toEqual([
      expect.objectContaining({ msg: expect.stringContaining('the user nobody has no access to it') }),
    ]);
    await server.ctl('delete_user', 'nobody');
  });

  test('what is no RabbitMQ is told in one line', async () => {
    const web = createServer((socket) => socket.resume().end('HTTP/1.1 400 Bad Request\r\n\r\n')).listen(
      0,
      '127.0.0.1',
    );
    try {
      await once(web, 'listening');
      const { hub } = await openHub(`amqp://127.0.0.1:${(web.address() as AddressInfo).port}`);
      await hub.close();
    } finally {
      web.close();
    }
    expect(logged.lines).toEqual([
      expect.objectContaining({ msg: expect.stringContaining('the AMQP handshake failed') }),
    ]);
  });

  test.each(['http://127.0.0.1', 'amqp://', 'secret'])('the URL %s is refused, without telling it', async (url) => {
    const refusal = expect.objectContaining({
      code: 'CONFIG_INVALID',
      field: 'url',
      message: expect.not.stringContaining('secret'),
    });
    await expect(openHub(url)).rejects.toEqual(refusal);
    await expect(openFollower(url)).rejects.toEqual(refusal);
  });

  async function publish(exchange: string, contents: readonly Buffer[]): Promise<void> {
    const connection = await connect(server.url);
    const channel = await connection.createConfirmChannel();
    for (const content of contents) channel.publish(exchange, '', content);
    await channel.waitForConfirms();
    await connection.close();
  }
});

/** Erlang that closes the connection which owns a queue: close_connection wants a pid, which only it can look up. */
function closeConnectionOf(queue: string): string {
  return `{ok, Q} = rabbit_amqqueue:lookup(rabbit_misc:r(<<"/">>, queue, <<"${queue}">>)), rabbit_networking:close_connection(amqqueue:get_exclusive_owner(Q), "test")`;
}
