import { existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '@wscluster/testbed/ports';
import { afterEach, describe, expect, test } from 'vitest';
import { Client } from '../e2e/support/client.ts';
import { http } from '../e2e/support/http.ts';
import { System, type SystemOptions } from '../e2e/support/system.ts';
import { until } from '../e2e/support/wait.ts';
import { onDocker, useEngine } from './support/engine.ts';

const SECRET = 'do-not-tell-anybody';

describe('in Docker mode', () => {
  const engine = useEngine();
  let count = 0;
  let system: System;
  let folder: string | undefined;

  const begin = async (options: SystemOptions) => {
    const nodeSettings = { env: { TOKEN: SECRET }, ...options.nodeSettings };
    // Its containers are removed after the test: the controller need not wait for each.
    const all = { gateways: 1, controllers: 1, name: `bad-${++count}`, ...options, nodeSettings };
    system = await System.begin(onDocker(engine(), all));
  };
  afterEach(async () => {
    const told = [system?.controller, ...(system?.gateways ?? []).map(({ process }) => process)];
    await system?.stop();
    if (folder !== undefined) rmSync(folder, { recursive: true });
    folder = undefined;
    for (const process of told) expect(JSON.stringify([process?.lines, process?.other])).not.toContain(SECRET);
  });

  const said = (...events: string[]) => system.controller.lines.filter(({ event = '' }) => events.includes(event));
  const status = async () => {
    const { text } = await system.api('GET', '');
    return JSON.stringify((JSON.parse(text) as { status: object }).status);
  };

  test('a DOCKER_HOST where nobody listens yet: said once, and ready as soon as somebody does', async () => {
    folder = mkdtempSync(join(tmpdir(), 'wsc-socket-'));
    const socket = join(folder, 'docker.sock');
    await begin({ nodes: 1, controllerEnv: { WSCLUSTER_DOCKER_HOST: `unix://${socket}` } });
    await until('it is said', () => said('reconcile-failed').length > 0);
    const readyz = () => http('GET', `http://127.0.0.1:${system.probePort}/readyz`);
    expect(await readyz()).toMatchObject({ status: 503, text: expect.stringContaining(socket) });
    expect(await status()).toContain('"reason":"ReconcileFailed"');
    expect(await status()).toContain(socket);
    for (let n = 0; n < 3; n++) expect((await system.api('POST', '/nodes')).status).toBe(503);
    expect(said('docker-unreachable')).toMatchObject([{ level: 'warn', msg: expect.stringContaining(socket) }]);
    expect(said('reconcile-failed')).toHaveLength(1);
    expect(said('reconcile-failed')[0]?.action).toBeDefined();

    const real = engine().engine.host.replace('unix://', '');
    expect(existsSync(real)).toBe(true);
    symlinkSync(real, socket);
    await system.settled(1);
    expect((await readyz()).status).toBe(200);
    expect(system.controller.ended).toBe(false);
    expect(said('docker-reachable', 'reconcile-recovered')).toHaveLength(2);
  });

  test('an image that is nowhere: the status says what to run, the log once, and it is used as soon as it is there', async () => {
    // A registry that answers at once, by refusing.
    const image = `127.0.0.1:1/nothing:${Date.now()}`;
    await begin({ nodes: 1, nodeSettings: { image } });
    await until(
      'the status says it',
      async () => (await status().catch(() => '')).includes('NodeActionFailed'),
      20_000,
    );
    expect(await status()).toContain(`docker pull ${image}`);
    // Each asks the engine once more, as the loop does each second.
    for (let n = 0; n < 3; n++) {
      const refused = await system.api('POST', '/nodes');
      expect([refused.status, refused.text]).toEqual([503, expect.stringContaining(`docker pull ${image}`)]);
    }
    expect(said('scale-failed')).toHaveLength(1);
    expect(said('image-pull')).toHaveLength(1);
    await engine().docker('tag', engine().image, image);
    try {
      await system.settled(1);
      expect(said('scale-recovered')).toHaveLength(1);
    } finally {
      await engine().docker('rm', '-f', ...(await system.nodes()).map(({ id }) => id));
      await engine().docker('rmi', '--no-prune', image);
    }
  });

  test('containers that cannot be nodes: each is named once with what to do, and the others serve', async () => {
    await begin({ nodes: 1 });
    const { docker, run } = engine();
    const { name } = system;
    const [port = 0] = await freePorts(1);
    const onHost = ['--network', 'host', '--no-healthcheck', '-l', `wscluster.io/port=${port}`];
    const heavy = await run(name, '-l', 'wscluster.io/weight=heavy');
    // Of two with one address, the one that was created first has it.
    const first = await run(name, ...onHost, '-e', `WSCLUSTER_LISTEN=127.0.0.1:${port}`);
    const second = await run(name, ...onHost, '-e', 'WSCLUSTER_LISTEN=127.0.0.1:0');
    const apart = await run(name, '--network', 'none');
    const deaf = await run(name, '--no-healthcheck', '-e', 'WSCLUSTER_LISTEN=:9999');

    await system.settled(3);
    const { members } = await system.ring();
    expect(members.map(({ nodeId }) => nodeId)).toEqual(expect.arrayContaining([heavy, first]));
    const clients = Array.from({ length: 20 }, (_, n) => new Client(`user-${n}`, system.clientUrls(`user-${n}`)));
    try {
      await until('clients are served', () => clients.every((client) => client.connected));
      expect(clients.map(({ failures }) => failures)).toEqual(clients.map(() => 0));
    } finally {
      for (const client of clients) client.stop();
    }
    await until('the one that does not listen is named', () => said('node-not-ready').length > 0, 40_000);

    const lines = system.controller.lines.filter(({ level, node }) => level === 'warn' && node !== undefined);
    const complaint = (event: string, node: string, msg: string, action: string) =>
      expect.objectContaining({
        ...{ event, node, msg: expect.stringContaining(msg) },
        action: expect.stringContaining(action),
      });
    const names = await Promise.all([apart, deaf].map((id) => docker('inspect', '--format', '{{slice .Name 1}}', id)));
    expect(lines).toHaveLength(4);
    expect(lines).toEqual(
      expect.arrayContaining([
        complaint('node-label-invalid', heavy, 'wscluster.io/weight is "heavy"', 'with a valid label'),
        complaint('node-address-taken', second, `127.0.0.1:${port}`, 'wscluster.io/port'),
        complaint('node-without-address', apart, 'not on the network', `docker network connect nodes ${names[0]}`),
        complaint('node-not-ready', deaf, ':8080/readyz', `docker logs ${names[1]}`),
      ]),
    );
    const states = new Map((await system.nodes()).map(({ id, state, address }) => [id, [state, address]]));
    expect([second, apart].map((id) => states.get(id))).toEqual([
      ['starting', null],
      ['starting', null],
    ]);
    expect(states.get(deaf)).toEqual(['starting', expect.stringMatching(/:8080$/)]);
  });
});
