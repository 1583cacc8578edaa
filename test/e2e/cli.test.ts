import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '@wscluster/testbed/ports';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Client } from './support/client.ts';
import { http } from './support/http.ts';
import { LoggedProcess, processesNaming } from './support/processes.ts';
import { Command, root, wscluster } from './support/run.ts';
import { System } from './support/system.ts';
import { until } from './support/wait.ts';

const COMMANDS = [
  'init',
  'dev',
  'demo',
  'controller',
  'gateway',
  'node',
  'owner',
  'ring',
  'nodes',
  'gateways',
  'plan',
  'events',
];

describe('wscluster: help and usage', () => {
  test('says what commands there are when asked, and on stderr with exit code 2 when nothing was', async () => {
    const asked = await wscluster(['--help']).ended;
    expect(asked).toMatchObject({ code: 0, stderr: '' });
    for (const name of COMMANDS) expect(asked.stdout).toMatch(new RegExp(`^  ${name} `, 'm'));
    expect(asked.stdout).toContain('Exit codes: 0 success, 1 failure (see stderr), 2 wrong usage, 3 the API is not');
    expect(await wscluster([]).ended).toEqual({ code: 2, stdout: '', stderr: asked.stdout });
  });

  test.each(COMMANDS)('%s --help teaches with an example', async (name) => {
    const { code, stdout, stderr } = await wscluster([name, '--help']).ended;
    expect(stdout).toMatch(new RegExp(`^  (wscluster ${name}|npm run ${name}) ?`, 'm'));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  test('npx wscluster and npm run wscluster are the same', async () => {
    const direct = await wscluster(['plan', '--help']).ended;
    const npm = await new Command('npm', ['run', '-s', 'wscluster', '--', 'plan', '--help']).ended;
    const npx = await new Command('npx', ['wscluster', 'plan', '--help']).ended;
    expect(npm.stdout).toBe(direct.stdout);
    expect(npx.stdout).toBe(direct.stdout);
  });

  test.each([
    [['explode'], 'there is no command "explode"; the commands are init, dev, demo'],
    [['owner'], 'arguments are missing\nusage: wscluster owner KEY'],
    [['owner', 'a', 'b'], '"a b" is not understood'],
    [['ring', '--fast'], "Unknown option '--fast'"],
    [['nodes', 'drain'], 'drain needs the ID of a node; "wscluster nodes" lists them\nusage: wscluster nodes'],
    [['nodes', 'kill'], 'kill needs the ID of a node'],
    [['events', '--since', 'yesterday'], '--since: must be the id of an event, such as 1a2b3c4d.17, not "yesterday"'],
    [['init'], 'give the command that starts your server, or its image (--image)\nusage: wscluster init'],
    [['init', '--image', 'x', '--', 'node'], '--image: an image or a command, not both'],
    [['init', '--port', '80', '--', 'node'], '--port: needs --image'],
    [['init', '--image', 'x', '--port', 'http'], '--port: must be a port from 1 to 65535, not "http"'],
    [['init', '--path', '/rooms', '--', 'node'], '--path: must begin with / and have a {placeholder}'],
    [
      ['init', '--force', '--', 'node'],
      '--force: is not an option of init; the options are --image, --port, --file, --path',
    ],
    [['plan', 'weight', 'x'], '"weight x" is not understood'],
    [['plan', 'add', 'two'], 'N must be a number, not "two"'],
    [['ring', '--api', 'ftp://nowhere'], '--api (or WSCLUSTER_API_URL): must be a URL such as http://127.0.0.1:7080'],
    [['gateway'], '--cluster (or WSCLUSTER_CLUSTER): must name the cluster'],
  ])('%j is wrong usage: exit code 2, with what is allowed', async (args, message) => {
    const { code, stdout, stderr } = await wscluster(args).ended;
    expect(stdout + stderr).toContain(message);
    expect(code).toBe(2);
  });

  test('an API that nobody serves is exit code 3, with what to do', async () => {
    const [port] = await freePorts(1);
    const { code, stdout, stderr } = await wscluster(['ring', '--api', `127.0.0.1:${port}`]).ended;
    expect(stderr).toContain(`API_UNREACHABLE: the API at http://127.0.0.1:${port} cannot be reached (ECONNREFUSED)`);
    expect(stderr).toContain('name the address with --api');
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
  });

  test('another program at the address is told from the API', async () => {
    const other = createServer((_req, res) => res.end('<html>')).listen(0, '127.0.0.1');
    await once(other, 'listening');
    const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
    const { code, stderr } = await wscluster(['ring', '--api', url]).ended;
    await once(other.close(), 'close');
    expect(stderr).toContain(`${url} gives an answer that is not from the API`);
    expect(code).toBe(1);
  });
});

describe('wscluster: a cluster asked and changed', () => {
  let system: System;
  beforeAll(async () => {
    system = await System.start({ nodes: 2, gateways: 1 });
  });
  afterAll(() => system.stop());

  const run = (...args: string[]) => wscluster(args, { WSCLUSTER_API_URL: `http://127.0.0.1:${system.apiPort}` });
  const json = async (...args: string[]) => {
    const { code, stdout, stderr } = await run(...args, '--json').ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return JSON.parse(stdout) as Record<string, unknown>;
  };
  const text = async (...args: string[]) => {
    const { code, stdout, stderr } = await run(...args).ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return stdout;
  };
  const api = async (path: string) => JSON.parse((await system.api('GET', path)).text) as Record<string, unknown>;

  test('owner names the node that a client of the key is on', async () => {
    const client = new Client('alice', system.clientUrls('alice'));
    await until('alice is connected', () => client.connected);
    const { node } = client;
    client.stop();
    expect(await text('owner', 'alice')).toMatch(new RegExp(`^key +alice\nnode +${node}\naddress `));
    expect(await json('owner', 'alice')).toEqual(await api('/owner?key=alice'));
  });

  test.each(['a b+c', 'ü/?&#', '100%'])('owner takes the key %s as it is', async (key) => {
    expect(await json('owner', key)).toMatchObject({ key });
  });

  test('owner takes a key with a dash after --', async () => {
    expect(await text('owner', '--', '-v')).toMatch(/^key +-v$/m);
  });

  test('route says what gateways do with a request', async () => {
    const { nodeId, slot, address } = await api('/owner?key=ada%20l');
    const url = 'ws://chat.example/websocket/connect/ada%20l?x=1';
    expect(await json('route', url)).toMatchObject({
      ...{
        route: '/websocket/connect/{userId}',
        protocol: 'websocket',
        by: 'key',
        key: 'ada l',
        generated: false,
        slot,
      },
      ...{ owner: { nodeId, address, state: 'ready' }, url: '/websocket/connect/ada%20l?x=1' },
    });
    expect(await text('route', url)).toMatch(new RegExp(`^key +ada l\nslot +${slot}\nnode +${nodeId}$`, 'm'));
    expect(await json('route', '/whoami?userId=ada', '-X', 'POST')).toMatchObject({ protocol: 'http', key: 'ada' });
    for (const [args, said] of [
      [['/nowhere'], 'NO_ROUTE: no route of the cluster matches the path'],
      [['/whoami', '-H', 'X-User: ada'], 'KEY_MISSING: the request must have the query parameter userId'],
      [['/whoami', '-H', 'nonsense'], 'REQUEST_INVALID: a header must be as in "Name: value"'],
    ] as const) {
      const { code, stderr } = await run('route', ...args).ended;
      expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining(said) });
    }
  });

  test('ring, nodes and gateways show in a table what the API says', async () => {
    const { members } = await system.ring();
    const ring = await text('ring');
    expect(ring).toMatch(/^revision +\d+\.\d+$/m);
    expect(ring).toMatch(/^slots to move +0$/m);
    for (const { nodeId, slots } of members)
      expect(ring).toMatch(new RegExp(` ${nodeId} .* ${slots} +\\d+\\.\\d %$`, 'm'));
    const nodes = await text('nodes');
    for (const { id, address } of await system.nodes())
      expect(nodes).toMatch(new RegExp(`^${id} +${address} +ready `, 'm'));
    expect(await text('gateways')).toMatch(/^gateway-1 +\S+ +\d+\.\d+ +yes /m);
    expect(await json('ring')).toEqual(await api('/ring'));
    expect(await json('nodes')).toEqual(await api('/nodes'));
    expect(await json('gateways')).toMatchObject({ gateways: [{ id: 'gateway-1', inSync: true }] });
  });

  test('--cluster names one of several; an unknown one is refused', async () => {
    expect(await json('ring', '--cluster', 'chat')).toEqual(await api('/ring'));
    const { code, stderr } = await run('ring', '--cluster', 'nope').ended;
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: 'wscluster ring: NOT_FOUND: there is no cluster nope; the clusters are: chat\n',
    });
  });

  test('who stops reading its output is no failure', async () => {
    const pipe = `"${process.execPath}" cli/wscluster.mjs ring | head -n 1`;
    const env = { WSCLUSTER_API_URL: `http://127.0.0.1:${system.apiPort}` };
    const { code, stdout, stderr } = await new Command('bash', ['-o', 'pipefail', '-c', pipe], env).ended;
    expect(stdout).toMatch(/^revision +\d+\.\d+\n$/);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  test('plan says what each kind of change would move, and changes nothing', async () => {
    const before = await api('/ring?slots=true');
    const { nodeId } = (await system.ring()).members[0] ?? { nodeId: '' };
    expect(await text('plan', 'add', '1')).toMatch(
      /^[1-9]\d* slots and 0 connections would move \(from revision \d+\.\d+\)\n/,
    );
    const added = await text('plan', 'add', '1');
    expect(added).toMatch(/^new-1 joins +[1-9]\d* +0$/m);
    expect(added).toMatch(/^new-1 +0 +0.0 % +[1-9]\d* +33.3 % +0 +0.0 % +0 +0 +0 +0.0 %$/m);
    const removed = await text('plan', 'remove', nodeId);
    expect(removed).toMatch(new RegExp(`^${nodeId} leaves +[1-9]\\d* +0$`, 'm'));
    expect(removed).toMatch(new RegExp(`^${nodeId} +[1-9]\\d* +50.0 % +0 +0.0 % +0 `, 'm'));
    const reweighted = await text('plan', 'weight', nodeId, '3');
    expect(reweighted).toMatch(new RegExp(`^${nodeId} has another weight +[1-9]\\d* +0$`, 'm'));
    expect(reweighted).toMatch(new RegExp(`^${nodeId} +[1-9]\\d* +50.0 % +[1-9]\\d* +75.0 % +0 `, 'm'));
    expect(await json('plan', 'replicas', '2')).toMatchObject({ slots: 0, connections: 0 });
    expect(await api('/ring?slots=true')).toEqual(before);
  });

  test.each([
    [['owner', ''], 'wscluster owner: KEY_INVALID: the key is empty\n'],
    [['nodes', 'drain', 'nobody'], 'wscluster nodes: NOT_FOUND: there is no node nobody\n'],
    [['plan', 'remove', 'nobody'], 'wscluster plan: NOT_FOUND: no node nobody is on the ring\n'],
  ])('%j is refused by the API: exit code 1, its code and detail on stderr', async (args, message) => {
    expect(await run(...args).ended).toEqual({ code: 1, stdout: '', stderr: message });
  });

  test('nodes adds, kills and drains, and events tell of it', async () => {
    const events = run('events');
    const happened = (what: RegExp) => until(`an event ${what}`, () => what.test(events.stdout), 30_000);
    await happened(/Ready is True/);

    const [, added = ''] = /^(node-\w+) is starting/.exec(await text('nodes', 'add')) ?? [];
    await happened(new RegExp(`^\\d\\d:\\d\\d:\\d\\d\\.\\d{3}  node +node ${added} is ready  \\(\\S+\\)$`, 'm'));
    await system.settled(3);

    expect(await text('nodes', 'kill', added)).toBe(`${added} is killed; it will be replaced\n`);
    await happened(new RegExp(`node ${added} is gone`));
    await system.settled(3);
    const [last] = (await system.nodes()).slice(-1);
    expect(await text('nodes', 'drain', last?.id ?? '')).toBe(
      `${last?.id} is draining: its clients move, then it stops\n`,
    );
    await happened(new RegExp(`node ${last?.id} is draining`));
    await system.settled(2);

    events.signal('SIGINT');
    expect(await events.ended).toMatchObject({ code: 0, stderr: '' });
  });

  test('events go on after the one that --since names, through a restart of the controller, as JSON too', async () => {
    const all = run('events', '--json');
    await until('some events came', () => all.stdout.split('\n').length > 5);
    const lines = all.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { id: string; data: { type: string } });
    const [third, fourth] = lines.slice(2);
    const later = run('events', '--json', '--since', third?.id ?? '');
    await until('the later events came', () => later.stdout.includes('\n'));
    expect(JSON.parse(later.stdout.split('\n')[0] ?? '')).toEqual(fourth);

    const known = later.stdout.length;
    await system.controller.end('SIGKILL');
    await until('it says so', () => later.stderr.includes('the controller is gone; retrying every 1 s'));
    system.startController();
    await until('events of the new controller came', () => later.stdout.slice(known).includes('"type":"ring"'), 30_000);
    for (const command of [all, later]) command.signal('SIGINT');
    expect((await later.ended).code).toBe(0);
    expect((await all.ended).code).toBe(0);
    await system.settled(2);
  });
});

describe('wscluster: the processes', () => {
  let directory: string;
  const started: LoggedProcess[] = [];
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'wsc-cli-'));
  });
  afterEach(async () => {
    for (const part of started.splice(0)) await part.end('SIGKILL');
    await until('nothing is left', () => processesNaming(directory).length === 0, 15_000);
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  const start = (...args: string[]) => {
    const part = new LoggedProcess([join(root, 'cli/src/main.ts'), ...args]);
    started.push(part);
    return part;
  };

  test('controller and gateway make a cluster; the API beyond its token is refused with exit code 1', async () => {
    const [api = 0, probes = 0, clients = 0, gatewayProbes = 0] = await freePorts(4);
    const file = join(directory, 'chat.yaml');
    const token = 'a-token-of-some-length';
    writeFileSync(
      file,
      'apiVersion: wscluster.io/v1alpha1\nkind: WsCluster\nmetadata: { name: chat }\nspec: { nodes: { replicas: 1 } }\n',
    );
    const controller = start(
      ...['controller', '--cluster', file, '--state-dir', directory, '--stop-nodes', 'true', '--api-token', token],
      ...['--api', `127.0.0.1:${api}`, '--probes', `127.0.0.1:${probes}`],
    );
    const gateway = start(
      ...['gateway', '--cluster', 'chat', '--state-dir', directory, '--drain-seconds', '0'],
      ...['--listen', `127.0.0.1:${clients}`, '--probes', `127.0.0.1:${gatewayProbes}`],
    );
    const client = new Client('alice', [`ws://127.0.0.1:${clients}/websocket/connect/alice`]);
    await until('alice is connected', () => client.connected, 30_000);

    const url = `127.0.0.1:${api}`;
    const refused = await wscluster(['owner', 'alice', '--api', url]).ended;
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toContain('wscluster owner: UNAUTHORIZED: the API needs its token');
    const answers = [
      await wscluster(['owner', 'alice', '--api', url, '--token', token]).ended,
      await wscluster(['owner', 'alice'], { WSCLUSTER_API_URL: url, WSCLUSTER_API_TOKEN: token }).ended,
    ];
    for (const { stdout } of answers) expect(stdout).toContain(client.node);
    client.stop();
    expect(await gateway.end('SIGTERM')).toBe(0);
    expect(await controller.end('SIGTERM')).toBe(0);
  });

  test('a second controller on the same state is refused with the pid of the first, which goes on; a later one takes over', async () => {
    const ports = await freePorts(6);
    const file = join(directory, 'two.yaml');
    writeFileSync(
      file,
      'apiVersion: wscluster.io/v1alpha1\nkind: WsCluster\nmetadata: { name: two }\nspec: { nodes: { replicas: 2 } }\n',
    );
    const controller = (stopNodes: boolean) =>
      start(
        ...['controller', '--cluster', file, '--state-dir', directory, '--stop-nodes', String(stopNodes)],
        ...['--api', `127.0.0.1:${ports.pop()}`, '--probes', `127.0.0.1:${ports.pop()}`],
      );
    const of = (part: LoggedProcess, event: string) => part.lines.filter((line) => line.event === event);
    const nodes = (part: LoggedProcess, event: string) => of(part, event).map(({ node }) => node);
    const first = controller(false);
    await until('its nodes are ready', () => nodes(first, 'node-ready').length === 2, 30_000);

    const second = controller(true);
    await until('the second one has ended', () => second.ended, 30_000);
    expect(second.child.exitCode).toBe(2);
    await until('it has said why', () => of(second, 'failed').length > 0);
    expect(of(second, 'failed')).toMatchObject([
      {
        code: 'STATE_IN_USE',
        msg: `the state of cluster two in ${join(directory, 'two')} is in use by process ${first.pid}: stop that first, or choose another folder with --state-dir`,
      },
    ]);
    expect(nodes(second, 'node-found')).toEqual([]);

    await first.end('SIGKILL');
    const third = controller(true);
    await until('it has found the nodes', () => nodes(third, 'node-found').length === 2, 30_000);
    expect(nodes(third, 'node-found').sort()).toEqual(nodes(first, 'node-started').sort());
    await until('it leads', () => third.has('leading'), 30_000);
    expect(await third.end('SIGTERM')).toBe(0);
  });

  test('node is the sample backend', async () => {
    const [port = 0] = await freePorts(1);
    const node = start('node', '--id', 'one', '--listen', `127.0.0.1:${port}`, '--linger-seconds', '0');
    const whoami = () => http('GET', `http://127.0.0.1:${port}/whoami?userId=alice`);
    await until('it answers', async () => (await whoami().catch(() => undefined)) !== undefined);
    expect(JSON.parse((await whoami()).text)).toEqual({ node: 'one', key: 'alice' });
    expect(await node.end('SIGTERM')).toBe(0);
  });
});
