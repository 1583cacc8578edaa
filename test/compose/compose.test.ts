import { chmodSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { tour } from '../dashboard/support/tour.ts';
import { Crowd } from '../e2e/support/crowd.ts';
import { SteadyCrowd } from '../e2e/support/steady-crowd.ts';
import type { Owners } from '../e2e/support/system.ts';
import { until } from '../e2e/support/wait.ts';
import { Deployment } from './support/deployment.ts';

/** The engine may be busy with others, and the images may have to be made. */
const PATIENCE_MS = 1_200_000;
/** A busy machine is not to make a node lost, nor to leave its place to others before it is back. */
const PATIENT = { unreadyGraceSeconds: 120, replacementSeconds: 300 };
const PROXY = 'docker-socket-proxy';
/** Nacos may be up after the controllers, and these after the gateways: said once. */
const START_UP: (string | undefined)[] = ['registry-unavailable', 'heartbeats-missing'];
const SECRETS = ['wscluster-dev', 'a-token-of-the-tests', 'd3NjbHVzdGVy'];

interface Health {
  readonly Status: string;
  readonly Log: readonly { readonly Output: string }[];
}

interface Mount {
  readonly Name?: string;
  readonly Source: string;
  readonly RW: boolean;
}

interface Inspected {
  readonly Config: { readonly Labels: Record<string, string> };
  readonly Mounts: readonly Mount[];
  readonly NetworkSettings: { readonly Networks: object };
}

let site: Deployment;
let crowd: Crowd;
/** Containers of the three nodes, and the owner of each key, before a test does something. */
let nodes: string[];
let ownerBefore: Owners;
/** A managed container that was ended. */
let removing: string;

beforeAll(async () => {
  site = await Deployment.up(['compose.yaml']);
}, PATIENCE_MS);

afterAll(async () => {
  await site?.down();
}, 120_000);

/** 300 clients on three nodes, through the load balancer. */
function useCrowd(gateways = 2): void {
  beforeEach(async () => {
    // Also what a test that failed has added.
    await patch({ nodes: { replicas: 0 }, rebalance: PATIENT });
    await site.scale(3, gateways);
    nodes = await site.containers('ws-node');
    await site.agreed(nodes, gateways);
    ownerBefore = await site.owners();
    crowd = await Crowd.connect(site, 300);
  });
  afterEach(() => crowd?.stop());
}

async function patch(spec: object): Promise<void> {
  const { status, text } = await site.api('PATCH', '', JSON.stringify({ spec }));
  expect(status, text).toBe(200);
}

/** Nodes that do not answer are given up soon. */
const impatient = () => patch({ rebalance: { unreadyGraceSeconds: 4 } });

/** A node calls itself by its host name, which begins its container's id. */
const isOn = (node: string | undefined, id: string | undefined) => node !== undefined && node === id?.slice(0, 12);

async function allWithOwners(owners: Owners): Promise<void> {
  const allAre = () => crowd.clients.every(({ key, node }) => isOn(node, owners(key)));
  await until('every client is with its owner', allAre, 60_000);
}

const keysOf = (...ids: string[]) => crowd.keys(({ key }) => ids.includes(ownerBefore(key) ?? ''));
const closedKeys = () => crowd.keys(({ closes }) => closes.length > 0);
const closeCodes = () => [...new Set(crowd.closes.map(({ code, reason }) => `${code} ${reason}`))];

describe('docker compose up', () => {
  test('has all services healthy, ours as an ordinary user without rights, and logs neither trouble nor secrets', async () => {
    const services = ['controller-1', 'controller-2', 'gateway', 'ws-node', PROXY];
    const ours = (await Promise.all(services.map((service) => site.containers(service)))).flat();
    expect(ours).toHaveLength(8);
    await site.agreed(await site.containers('ws-node'));
    const states = async () => (await site.compose('ps', '--format', '{{.Service}} {{.Health}}')).trim().split('\n');
    expect(await states()).toHaveLength(12);
    await until('all are healthy', async () => (await states()).every((line) => line.endsWith(' healthy')), 60_000);
    for (const id of ours) {
      const [inspected] = JSON.parse(await site.docker('inspect', id));
      expect(inspected.Config.User).toBe(inspected.Name.includes(PROXY) ? 'root' : 'node');
      expect(inspected.HostConfig).toMatchObject({ ReadonlyRootfs: true, CapDrop: ['ALL'], Privileged: false });
      const warned = (await site.logs(id)).filter(({ level }) => level !== 'info').map(({ event }) => event);
      expect(START_UP).toEqual(expect.arrayContaining(warned));
      expect(new Set(warned).size).toBe(warned.length);
    }
    const logged = await site.compose('logs', ...services);
    for (const secret of SECRETS) expect(logged).not.toContain(secret);
  });

  test('gives the Docker socket to the proxy alone, which has no network, and the proxy to the controllers alone', async () => {
    const socket = site.engine.host.replace('unix://', '');
    const ids = (await site.docker('ps', '--quiet')).split('\n');
    const all = JSON.parse(await site.docker('inspect', ...ids)) as Inspected[];
    const mounting = (what: (mount: Mount) => boolean) =>
      all.filter(({ Mounts }) => Mounts.some(what)).map(({ Config }) => Config.Labels['com.docker.compose.service']);
    expect(mounting(({ Source }) => Source === socket || socket.startsWith(`${Source}/`))).toEqual([PROXY]);
    const api = ({ Name }: Mount) => Name === 'wscluster_docker-api';
    expect(mounting(api).sort()).toEqual(['controller-1', 'controller-2', PROXY]);
    expect(mounting((mount) => api(mount) && mount.RW)).toEqual([PROXY]);
    const proxy = all.find(({ Config }) => Config.Labels['com.docker.compose.service'] === PROXY);
    expect(Object.keys(proxy?.NetworkSettings.Networks ?? {})).toEqual(['none']);
  });
});

test('the dashboard shows the containers, and clients in the page are with their owners', async () => {
  const ids = await site.containers('ws-node');
  const shown = await tour({ ...site.dashboard, cluster: 'chat', nodes: ids, name: 'compose' });
  const owners = await site.owners();
  expect(shown.filter(({ key, node }) => !isOn(node, owners(key)))).toEqual([]);
}, 120_000);

describe('300 clients of three containers', () => {
  useCrowd();

  test('a node that the controller adds is a container of its own, and those of compose are left alone', async () => {
    const started = () =>
      Promise.all(nodes.map((id) => site.docker('inspect', '--format', '{{.State.StartedAt}} {{.RestartCount}}', id)));
    const startedBefore = await started();
    const answer = await site.api('POST', '/nodes');
    expect(answer.status).toBe(201);
    const { id } = JSON.parse(answer.text) as { id: string };
    await site.agreed([...nodes, id]);
    const ownerAfter = await site.owners();
    await allWithOwners(ownerAfter);
    expect(closedKeys()).toEqual(crowd.keys(({ key }) => ownerBefore(key) !== ownerAfter(key)));
    // It follows the ring, as those of compose do.
    const hasLogged = async (event: string) => (await site.logs(id)).some((line) => line.event === event);
    for (const event of ['bus-connected', 'ring-applied']) await until(event, () => hasLogged(event), 60_000);
    expect((await site.logs(id)).filter(({ level }) => level !== 'info')).toEqual([]);

    expect((await site.api('DELETE', `/nodes/${id}`)).status).toBe(202);
    await site.agreed(nodes);
    await allWithOwners(await site.owners());
    expect(await site.exitCode(id)).toBe(0);
    removing = id;
    expect(await started()).toEqual(startedBefore);
    expect(await crowd.quiet()).toEqual([]);
  });

  test('--scale ws-node=5, then 2: exactly those whose owner changed get a Close 1012, and no message is lost', async () => {
    await site.scale(5);
    const five = await site.containers('ws-node');
    expect(five).toHaveLength(5);
    await site.agreed(five);
    const ownerAfter = await site.owners();
    await allWithOwners(ownerAfter);
    const moved = crowd.keys(({ key }) => ownerBefore(key) !== ownerAfter(key));
    expect(moved.length).toBeGreaterThan(60);
    expect(closedKeys()).toEqual(moved);
    expect(closeCodes()).toEqual(['1012 owner changed']);

    const sessions = new Map(crowd.clients.map((client) => [client.key, client.closes.length]));
    await site.scale(2);
    const two = await site.containers('ws-node');
    await site.agreed(two);
    const last = await site.owners();
    await allWithOwners(last);
    expect(crowd.keys(({ key, closes }) => closes.length > (sessions.get(key) ?? 0))).toEqual(
      crowd.keys(({ key }) => ownerAfter(key) !== last(key)),
    );
    expect(closeCodes()).toEqual(['1012 owner changed']);
    expect(await crowd.quiet()).toEqual([]);
  });

  test('docker stop moves its clients while it still serves, and it ends with code 0', async () => {
    const [leaving = '', ...others] = nodes;
    await site.docker('stop', '--time', '40', leaving);
    expect(await site.exitCode(leaving)).toBe(0);
    await site.agreed(others);
    const ownerAfter = await site.owners();
    await allWithOwners(ownerAfter);
    expect(closedKeys()).toEqual(crowd.keys(({ key }) => ownerBefore(key) !== ownerAfter(key)));
    expect(closedKeys()).toEqual(expect.arrayContaining(keysOf(leaving)));
    expect(closeCodes()).toEqual(['1012 owner changed']);
    expect(crowd.clients.map(({ failures }) => failures)).toEqual(crowd.clients.map(() => 0));
    expect(await crowd.quiet()).toEqual([]);
  });

  test('docker kill moves its clients only, and again only those of them that the container gets back', async () => {
    const [victim = '', ...others] = nodes;
    await site.docker('kill', victim);
    await site.agreed(others);
    await allWithOwners(await site.owners());
    expect(closedKeys()).toEqual(keysOf(victim));
    await site.scale(3);
    await site.agreed(nodes);
    await allWithOwners(await site.owners());
    expect(closedKeys()).toEqual(keysOf(victim));
    expect(await crowd.quiet()).toEqual([]);
  });

  test('a node that crashes is started again by Docker, and only its clients have moved', async () => {
    const [victim = ''] = nodes;
    process.kill(Number(await site.docker('inspect', '--format', '{{.State.Pid}}', victim)), 'SIGKILL');
    await until('its clients notice', () => closedKeys().length === keysOf(victim).length);
    // Before the crash is known, all still agree on the ring that was.
    const state = () => site.docker('inspect', '--format', '{{.RestartCount}} {{.State.Health.Status}}', victim);
    await until('it was started again', async () => /^[1-9]\d* healthy/.test(await state()), 120_000, 200);
    await site.agreed(nodes);
    await allWithOwners(await site.owners());
    expect(closedKeys()).toEqual(keysOf(victim));
    expect(await crowd.quiet()).toEqual([]);
  });

  test('docker pause for longer than the grace time moves its clients only, and so does unpause', async () => {
    const [frozen = '', ...others] = nodes;
    await impatient();
    await site.docker('pause', frozen);
    // Fails when the test has done it.
    onTestFinished(async () => void (await site.docker('unpause', frozen).catch(() => {})));
    await site.agreed(others);
    await allWithOwners(await site.owners());
    expect(closedKeys()).toEqual(keysOf(frozen));
    await site.docker('unpause', frozen);
    await site.agreed(nodes);
    await allWithOwners(await site.owners());
    expect(closedKeys()).toEqual(keysOf(frozen));
    expect(await crowd.quiet()).toEqual([]);
  });

  test('a container that becomes unhealthy is treated likewise', async () => {
    const [sick = '', ...others] = nodes;
    const signal = (name: string) =>
      site.docker('exec', sick, 'bash', '-c', `kill -${name} $(</proc/1/task/1/children)`);
    onTestFinished(async () => void (await signal('CONT')));
    await impatient();
    await signal('STOP');
    await site.agreed(others);
    expect(await site.docker('inspect', '--format', '{{.State.Health.Status}}', sick)).toBe('unhealthy');
    await allWithOwners(await site.owners());
    expect(closedKeys()).toEqual(keysOf(sick));
    await signal('CONT');
    await site.agreed(nodes);
    await allWithOwners(await site.owners());
    expect(closedKeys()).toEqual(keysOf(sick));
    expect(await crowd.quiet()).toEqual([]);
  });

  test('with the leading controller stopped the other one leads, and nobody notices', async () => {
    const leads = async (controller: 1 | 2) => {
      const [id = ''] = await site.containers(`controller-${controller}`);
      return (await site.logs(id)).findLast(({ event }) => event === 'leading' || event === 'standing-by')?.event;
    };
    const leader = (await leads(1)) === 'leading' ? 1 : 2;
    const other = leader === 1 ? 2 : 1;
    const { table, revision } = await site.ring(leader);
    const [stopped = ''] = await site.containers(`controller-${leader}`);
    await site.compose('stop', `controller-${leader}`);
    expect(await site.exitCode(stopped)).toBe(0);
    const epochAt = async (controller: 1 | 2) =>
      (await site.ring(controller).catch(() => undefined))?.revision.epoch ?? 0;
    await until('the other one leads', async () => (await epochAt(other)) > revision.epoch);
    expect((await site.ring(other)).table).toEqual(table);
    await site.compose('start', `controller-${leader}`);
    await until('the first one answers again', async () => (await epochAt(leader)) > revision.epoch, 30_000);
    await site.agreed(nodes);
    expect((await site.ring(leader)).table).toEqual(table);
    expect(closedKeys()).toEqual([]);
    expect(await crowd.quiet()).toEqual([]);
  });
});

test('with rebalance.mode migrate five containers are replaced, and 1,000 clients notice nothing', async () => {
  const set = async (mode: string) => {
    const { revision } = await site.ring();
    await patch({ rebalance: { mode } });
    await until('it is published', async () => (await site.ring()).revision.version > revision.version);
  };
  onTestFinished(() => set('reconnect'));
  await site.scale(5);
  await set('migrate');
  const old = await site.containers('ws-node');
  await site.agreed(old);
  const steady = await SteadyCrowd.connect(site, { size: 1_000, perSecond: 60 });
  try {
    await site.scale(10);
    const fresh = (await site.containers('ws-node')).filter((id) => !old.includes(id));
    await site.agreed([...old, ...fresh]);
    for (const id of old) await site.docker('stop', '--time', '40', id);
    await site.agreed(fresh);
    await steady.atTheirOwners(site);
    expect(await steady.noticed()).toEqual([]);
  } finally {
    steady.stop();
  }
  await site.docker('rm', ...old);
}, 300_000);

describe('300 clients on three gateways', () => {
  useCrowd(3);

  test('--scale gateway=2: clients of the third go to the others through the load balancer, each to its owner', async () => {
    await until('each has its part of the clients', async () =>
      (await site.gateways()).every(({ connections }) => connections > 50),
    );
    const ended = site.exitCode('wscluster-gateway-3');
    await site.scale(3, 2);
    expect(await ended).toBe(0);
    await crowd.allConnected();
    await site.agreed(nodes, 2);
    await allWithOwners(await site.owners());
    expect(closeCodes()).toEqual(['1001 gateway going away']);
    expect(closedKeys().length).toBeGreaterThan(50);
    expect(closedKeys().length).toBeLessThan(150);
    for (const { closes } of crowd.clients) expect(closes.length).toBeLessThanOrEqual(1);
    expect(await crowd.quiet()).toEqual([]);
  });
});

describe('a Docker engine', () => {
  test('that refuses the proxy is why the leader is unhealthy, and its health says so', async () => {
    const socket = site.engine.host.replace('unix://', '');
    onTestFinished(() => chmodSync(socket, 0o660));
    chmodSync(socket, 0);
    const healthOf = async (id: string) =>
      JSON.parse(await site.docker('inspect', '--format', '{{json .State.Health}}', id)) as Health;
    const controllers = [...(await site.containers('controller-1')), ...(await site.containers('controller-2'))];
    let said: string | undefined;
    const leaderIsUnhealthy = async () => {
      const states = await Promise.all(controllers.map(healthOf));
      said = states.find(({ Status }) => Status === 'unhealthy')?.Log.at(-1)?.Output;
      return said?.includes('list its containers') === true;
    };
    await until('the leader is unhealthy', leaderIsUnhealthy, 90_000, 500).catch((error: Error) => {
      throw new Error(`${error.message}, but says ${said}`);
    });
    expect(said).toContain('connect EACCES /var/run/docker.sock; root of this container must own the socket');
    const [proxy = ''] = await site.containers(PROXY);
    expect((await healthOf(proxy)).Log.at(-1)?.Output).toContain('EACCES');
    chmodSync(socket, 0o660);
    for (const id of [...controllers, proxy])
      await until('it is healthy again', async () => (await healthOf(id)).Status === 'healthy', 30_000, 500);
  }, 180_000);

  test('that was killed and started again is followed as before', async () => {
    await site.engine.kill();
    await site.engine.start();
    const [killed = '', ...others] = await site.containers('ws-node');
    await site.docker('kill', killed);
    await site.agreed(others, 2, 60_000);
    await site.scale(3);
    await site.agreed([killed, ...others]);
  }, 180_000);
});

// It is kept for a minute, so that the next controller would learn how it ended; so this comes last.
test('the container that the controller has ended is removed', async () => {
  const found = () => site.docker('ps', '--all', '--quiet', '--filter', `id=${removing}`);
  expect(removing).toBeDefined();
  await until('it is removed', async () => (await found()) === '', 90_000, 500);
});
