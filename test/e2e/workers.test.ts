import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { http } from './support/http.ts';
import { metricOf } from './support/metric.ts';
import { oddErrors } from './support/odd-errors.ts';
import { LoggedProcess, processesNaming } from './support/processes.ts';
import type { System } from './support/system.ts';
import { useCrowd } from './support/use-crowd.ts';
import { until } from './support/wait.ts';

const CLIENTS = 200;
const WORKERS = 3;

/** The process ids of the workers of the first gateway. */
function workersOf(system: System): number[] {
  return processesNaming(system.directory)
    .filter(({ command }) => command.includes('gateway/src/main.ts'))
    .map(({ pid }) => pid)
    .filter((pid) => pid !== system.gateways[0]?.process.pid);
}

const metric = (system: System, name: string) => metricOf(system.gateways[0]?.probes, name);

/** A process of the first gateway throws, and leaves a rejection: the next two that are counted. */
async function odd(system: System, pid: number, first: number): Promise<void> {
  const bugsAre = (count: number) => async () => (await metric(system, 'wscluster_gateway_bugs_total')) === count;
  process.kill(pid, 'SIGUSR2');
  await until('what it has thrown is counted', bugsAre(first));
  process.kill(pid, 'SIGWINCH');
  await until('what it has rejected is counted', bugsAre(first + 1));
}

/** So many lines of these errors, and what each of them says; a line may come later than its count. */
async function oddLines(system: System, count: number) {
  const odd = () => system.gateways[0]?.process.lines.filter(({ msg }) => String(msg).startsWith('odd')) ?? [];
  await until(`${count} lines`, () => odd().length >= count);
  const lines = odd();
  expect(lines).toHaveLength(count);
  for (const [index, line] of lines.entries())
    expect(line).toMatchObject({
      level: 'error',
      ...(index % 2 === 0
        ? { event: 'uncaught-exception', msg: 'odd' }
        : { event: 'unhandled-rejection', msg: 'odd too' }),
      action: expect.stringContaining('report this bug'),
    });
  return lines;
}

describe('a gateway of one process', () => {
  const started = useCrowd(20, () => ({ gateways: 1, nodes: 1, gatewayEnv: oddErrors() }));

  test('survives an error that nobody expected: it is logged and counted, and no client notices', async () => {
    const { system, crowd } = started();
    await odd(system, system.gateways[0]?.process.pid ?? 0, 1);
    await oddLines(system, 2);
    expect(crowd.closes).toHaveLength(0);
    expect(await crowd.quiet()).toEqual([]);
  });
});

describe(`a gateway of ${WORKERS} workers, with ${CLIENTS} clients on three nodes`, () => {
  const started = useCrowd(CLIENTS, () => ({
    gateways: 1,
    nodes: 3,
    gatewayArgs: ['--workers', String(WORKERS)],
    gatewayEnv: oddErrors(),
    rebalance: { maxConnectionsPerSecond: 20 },
  }));

  test('is one gateway to everybody: one name, one sum of connections, and moves at the one pace', async () => {
    const { system, crowd } = started();
    expect(await metric(system, 'wscluster_gateway_workers')).toBe(WORKERS);
    expect(await metric(system, 'wscluster_gateway_connections')).toBe(CLIENTS);
    const applied = system.gateways[0]?.process.lines.filter(({ event }) => event === 'ring-applied') ?? [];
    expect(new Set(applied.map(({ worker }) => worker))).toEqual(new Set([1]));
    await until('the controller knows of all', async () =>
      (
        JSON.parse((await system.api('GET', '/gateways')).text) as { gateways: { connections: number }[] }
      ).gateways.every(({ connections }) => connections === CLIENTS),
    );

    const ownerBefore = await system.owners();
    await system.addNode();
    await system.settled(4);
    const ownerAfter = await system.owners();
    await until('all are at their owners', () => crowd.clients.every(({ key, node }) => node === ownerAfter(key)));
    const moved = crowd.keys(({ key }) => ownerBefore(key) !== ownerAfter(key));
    expect(crowd.keys(({ closes }) => closes.length === 1)).toEqual(moved);
    expect(crowd.closes).toHaveLength(moved.length);
    const times = crowd.closes.map(({ closedAt }) => closedAt ?? 0);
    // Half of what the pace takes: a busy machine sees the first ones late. At twice the pace it would be less.
    expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan((moved.length / 20 / 2) * 1000);
    expect(await metric(system, 'wscluster_gateway_moves_total')).toBe(moved.length);
    expect(await crowd.quiet()).toEqual([]);
  });

  test('an error that nobody expected, of the primary or of a worker, is logged and counted, and no client notices', async () => {
    const { system, crowd } = started();
    const workers = workersOf(system);
    await odd(system, system.gateways[0]?.process.pid ?? 0, 1);
    await odd(system, workers[0] ?? 0, 3);
    const lines = await oddLines(system, 4);
    expect(lines.map(({ worker }) => typeof worker)).toEqual(['undefined', 'undefined', 'number', 'number']);
    expect(crowd.closes).toHaveLength(0);
    expect(await crowd.quiet()).toEqual([]);
    expect(workersOf(system)).toEqual(workers);
    expect(await metric(system, 'wscluster_gateway_workers')).toBe(WORKERS);
  });

  test('kill -9 of a worker: only its clients reconnect, and another worker takes its place', async () => {
    const { system, crowd } = started();
    const owners = await system.owners();
    const [victim] = workersOf(system);
    expect(workersOf(system)).toHaveLength(WORKERS);
    process.kill(victim as number, 'SIGKILL');
    await until('its clients notice', () => crowd.closes.length > 0);
    await crowd.allConnected();
    await until('it is replaced', async () => (await metric(system, 'wscluster_gateway_workers')) === WORKERS);
    await until(
      'the metrics have all clients',
      async () => (await metric(system, 'wscluster_gateway_connections')) === CLIENTS,
    );
    expect(crowd.closes.length).toBeLessThan(CLIENTS);
    expect(crowd.clients.every(({ closes }) => closes.length <= 1)).toBe(true);
    expect(crowd.clients.every(({ key, node }) => node === owners(key))).toBe(true);
    expect(system.gateways[0]?.process.lines.find(({ event }) => event === 'worker-died')).toMatchObject({
      level: 'error',
      worker: expect.any(Number),
      action: expect.any(String),
    });
    expect(await crowd.quiet()).toEqual([]);
  });

  test('a worker that hangs holds up no rollout, and is replaced', async () => {
    const { system, crowd } = started();
    const [victim] = workersOf(system);
    process.kill(victim as number, 'SIGSTOP');
    await system.addNode();
    await system.settled(4);
    await until('it is replaced', () => system.gateways[0]?.process.has('worker-hung') === true, 60_000);
    await until('all are served', async () => (await metric(system, 'wscluster_gateway_connections')) === CLIENTS);
    await crowd.allConnected(30_000);
    const owners = await system.owners();
    await until('all are at their owners', () => crowd.clients.every(({ key, node }) => node === owners(key)));
  });

  test('SIGTERM: all are told to go within the drain time, and no worker is left', async () => {
    const { system, crowd } = started();
    const [gateway] = system.gateways;
    expect(await gateway?.process.end('SIGTERM')).toBe(0);
    await until('all have been told', () => crowd.closes.length >= CLIENTS);
    expect(new Set(crowd.closes.slice(0, CLIENTS).map(({ code }) => code))).toEqual(new Set([1001]));
    expect(workersOf(system)).toEqual([]);
  });

  test('kill -9 of the primary ends its workers, so that the gateway can start again on its port', async () => {
    const { system, crowd } = started();
    await system.gateways[0]?.process.end('SIGKILL');
    await until('no worker is left', () => workersOf(system).length === 0);
    system.startGateway(0);
    await until('all have lost their connection', () => crowd.closes.length >= CLIENTS);
    await crowd.allConnected(30_000);
    expect(await metric(system, 'wscluster_gateway_workers')).toBe(WORKERS);
  });

  test('a port that another process has is refused, although workers could share it', async () => {
    const { system } = started();
    const second = new LoggedProcess([
      join(import.meta.dirname, '../../gateway/src/main.ts'),
      ...['--cluster', 'chat', '--state-dir', join(system.directory, 'state'), '--workers', '2'],
      ...['--listen', `127.0.0.1:${system.gateways[0]?.port}`, '--probes', '127.0.0.1:0'],
    ]);
    await until('it has ended', () => second.ended);
    expect(second.child.exitCode).toBe(2);
    await until('it has said why', () => second.lines.at(-1)?.code === 'PORT_TAKEN');
  });

  test('SIGHUP reloads the options of all workers, and no client notices', async () => {
    const { system, crowd } = started();
    const file = join(system.directory, 'gateway.yaml');
    const [gateway] = system.gateways;
    writeFileSync(file, 'logLevel: info\n');
    await gateway?.process.end('SIGTERM');
    await until('all have lost their connection', () => crowd.closes.length >= CLIENTS);
    const again = new LoggedProcess([...(gateway?.process.child.spawnargs.slice(1) ?? []), '--config', file]);
    if (gateway !== undefined) gateway.process = again;
    await crowd.allConnected(30_000);
    const before = crowd.closes.length;

    writeFileSync(file, 'logLevel: debug\n');
    again.signal('SIGHUP');
    await until('workers log their requests', async () => {
      await http('GET', system.gatewayUrl(0, '/whoami?userId=user-1'));
      return again.lines.some(({ event, worker }) => event === 'request' && worker !== undefined);
    });
    const reloaded = () => again.lines.find(({ event }) => event === 'reloaded');
    await until('the primary has said what it reloaded', () => reloaded() !== undefined);
    expect(reloaded()).toMatchObject({ changed: ['logLevel'] });
    expect(crowd.closes).toHaveLength(before);
    expect(await crowd.quiet()).toEqual([]);
  });
});
