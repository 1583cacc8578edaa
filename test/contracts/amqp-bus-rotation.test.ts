import { settableText } from '@wscluster/service';
import { type RabbitmqServer, rabbitmqServer } from '@wscluster/testbed';
import { openAmqpFollower, openAmqpHub, type RingBusFollower, type RingBusHub } from '@wscluster/transport';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { until } from '../e2e/support/wait.ts';
import { type RecordedLog, recordingLog } from './support/log-lines.ts';
import { heartbeat, report } from './support/messages.ts';
import { addUser, connectedUsers, deleteUser, usersOf } from './support/rabbitmq-users.ts';
import { FollowerRecorder, HubRecorder } from './support/recorder.ts';

const PASSWORDS = ['correct-horse', 'battery-staple', 'wrong-battery'] as const;
const [FIRST, SECOND, WRONG] = PASSWORDS;

describe('the bus on RabbitMQ whose credentials are rotated', () => {
  let server: RabbitmqServer;
  let logged: RecordedLog;
  let url: ReturnType<typeof settableText>;
  const opened = new Set<RingBusHub | RingBusFollower>();
  beforeAll(async () => {
    server = await rabbitmqServer();
  });
  afterAll(() => server.dispose());
  beforeEach(async () => {
    await addUser(server, 'first', FIRST);
    logged = recordingLog('info');
    url = settableText(urlOf('first', FIRST));
  });
  afterEach(async () => {
    for (const end of opened) await end.close();
    opened.clear();
    for (const user of await usersOf(server)) if (user !== 'guest') await deleteUser(server, user);
    for (const password of PASSWORDS) expect(JSON.stringify(logged.lines)).not.toContain(password);
  });

  const urlOf = (user: string, password: string) => server.url.replace('guest:guest', `${user}:${password}`);
  const connected = () => connectedUsers(server);
  const events = () => logged.lines.map(({ event }) => event);

  async function openBoth() {
    const [atHub, heard] = [new HubRecorder(), new FollowerRecorder()];
    const options = { url, cluster: 'chat', log: logged.log };
    const hub = await openAmqpHub(options, atHub);
    opened.add(hub);
    const follower = await openAmqpFollower(options, heard);
    opened.add(follower);
    await bothPassMessages({ hub, follower });
    await until('the broker has both', async () => (await connected()).length === 2);
    logged.lines.splice(0);
    logged.warnings.splice(0);
    return { hub, follower, heard, atHub };
  }
  type Both = Awaited<ReturnType<typeof openBoth>>;
  /** The broker has a connection before its end can send: its channel and its queue come after it. */
  const bothPassMessages = ({ hub, follower }: { hub: RingBusHub; follower: RingBusFollower }) =>
    until('both pass messages', () => hub.connectedSince !== undefined && follower.connected);
  const bothAre = (user: string) =>
    until(`both connections are of ${user}`, async () => String(await connected()) === `${user},${user}`);

  /** Sends in both directions, 100 times a second, until it is ended; then all of it has arrived, nothing refused. */
  function traffic({ hub, follower, heard, atHub }: Both) {
    let version = 0;
    const refused: unknown[] = [];
    const refuse = (error: unknown) => void refused.push(error);
    const timer = setInterval(() => {
      version++;
      hub.broadcast(heartbeat(version)).catch(refuse);
      follower.send(report('gw-a', version)).catch(refuse);
    }, 10);
    return {
      async end() {
        await until('much was sent', () => version > 20);
        clearInterval(timer);
        const all = Array.from({ length: version }, (_, index) => index + 1);
        const lacks = (got: readonly number[]) => all.filter((one) => !got.includes(one));
        await until(
          'all has arrived',
          () => lacks(heard.versions).length + lacks(atHub.reportsOf('gw-a')).length === 0,
        );
        expect(refused).toEqual([]);
      },
    };
  }

  test('another user is taken up while messages flow: none is lost, and nobody is disconnected', async () => {
    const both = await openBoth();
    await addUser(server, 'second', SECOND);
    const flow = traffic(both);
    url.set(urlOf('second', SECOND));
    await bothAre('second');
    await flow.end();
    // Told, so that it reads the store, but not disconnected.
    expect(both.heard.changes).toEqual(['connected', 'connected']);
    expect(events().sort()).toEqual(['bus-connected', 'bus-connected', 'bus-url-changed', 'bus-url-changed']);
    await deleteUser(server, 'first');
    await both.hub.broadcast(heartbeat(100_000));
    await until('a broadcast arrives', () => both.heard.versions.includes(100_000));
  });

  test('a wrong password is told once while the old connection goes on, until a right one comes', async () => {
    logged.log.level = 'debug';
    const both = await openBoth();
    await addUser(server, 'second', SECOND);
    const flow = traffic(both);
    url.set(urlOf('second', WRONG));
    await until('it is told by both', () => logged.warnings.length === 2);
    // Further failures are logged at debug.
    const failures = () => events().filter((event) => event === 'bus-connect-failed').length;
    await until('it has been tried four times more', () => failures() >= 6);
    expect(logged.warnings).toEqual(
      Array(2).fill(
        expect.objectContaining({
          event: 'bus-connect-failed',
          msg: expect.stringMatching(/refuses the user second or the password; the previous connection stays in use/),
          action: expect.any(String),
        }),
      ),
    );
    await bothAre('first');
    url.set(urlOf('second', SECOND));
    await bothAre('second');
    await flow.end();
    expect(both.heard.changes).toEqual(['connected', 'connected']);
    expect(logged.warnings).toHaveLength(2);
  });

  test('a user who is deleted before the new one is known: both ends come back when it is', async () => {
    const both = await openBoth();
    await addUser(server, 'second', SECOND);
    await deleteUser(server, 'first');
    await server.ctl('close_all_connections', 'its user is deleted');
    await until('it is noticed', () => !both.follower.connected);
    await until('the refusal is told', () =>
      logged.warnings.some(({ msg }) => String(msg).includes('refuses the user')),
    );
    url.set(urlOf('second', SECOND));
    await until('it is used again', () => both.follower.connected);
    await bothAre('second');
    await bothPassMessages(both);
    const flow = traffic(both);
    await until('some messages', () => both.heard.versions.length > 30);
    await flow.end();
    expect(both.heard.changes).toEqual(['connected', 'disconnected', 'connected']);
  });

  test('a connection that is lost while the new URL is wrong comes back by a right one', async () => {
    const both = await openBoth();
    url.set(urlOf('first', WRONG));
    await until('it is told', () => logged.warnings.length === 2);
    await server.ctl('close_all_connections', 'closed by a test');
    await until('it is noticed', () => !both.follower.connected);
    url.set(urlOf('first', FIRST));
    await until('it is used again', () => both.follower.connected);
    await bothAre('first');
  });

  test('both ends close at once while a new URL is tried in vain', async () => {
    const both = await openBoth();
    url.set(urlOf('first', WRONG));
    await until('it is told', () => logged.warnings.length === 2);
    const from = performance.now();
    await Promise.all([both.hub.close(), both.follower.close()]);
    expect(performance.now() - from).toBeLessThan(1_500);
    await until('the broker has none', async () => (await connected()).length === 0);
  });

  test('a URL that is none is refused, and changes nothing', async () => {
    const both = await openBoth();
    url.set(`http://first:${WRONG}@127.0.0.1`);
    expect(events()).toEqual(['bus-url-refused', 'bus-url-refused']);
    await bothAre('first');
    expect(both.heard.changes).toEqual(['connected']);
  });
});
