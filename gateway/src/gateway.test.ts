import {
  decodeSlotChanges,
  decodeSlotCounts,
  formatRevision,
  isReport,
  slotOf,
  type Uplink,
  WIRE_MAJOR,
} from '@wscluster/ring';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { connectClient } from './testing/client.ts';
import { startEchoNode } from './testing/echo-node.ts';
import { eventually } from './testing/eventually.ts';
import { startTestGateway } from './testing/gateway-under-test.ts';
import { rawUpgrade } from './testing/raw-socket.ts';
import { CLUSTER, heartbeat, revision, ringMessage, ringOf } from './testing/rings.ts';

async function get(port: number, path: string): Promise<{ status: number; text: string }> {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`);
  return { status: answer.status, text: await answer.text() };
}

const reports = (sent: readonly Uplink[]) => sent.filter(isReport);

describe('a gateway', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it('starts without a ring, unready, and answers 503 until it has one', async () => {
    const node = await startEchoNode('a');
    const { gateway, broadcast } = await startTestGateway(undefined);
    expect(await get(gateway.probePort, '/readyz')).toMatchObject({
      status: 503,
      text: 'no ring yet: waiting for the first ring of the controller; see its /readyz\n',
    });
    const early = await get(gateway.port, '/send?userId=ada');
    expect(early.status).toBe(503);
    expect(JSON.parse(early.text)).toMatchObject({ code: 'NO_RING' });

    broadcast(ringMessage(ringOf(revision(1), [node])));
    expect(await get(gateway.probePort, '/readyz')).toMatchObject({ status: 200 });
    expect((await get(gateway.port, '/send?userId=ada')).status).toBe(200);
    await gateway.stop();
    await node.stop();
  });

  it('reports its ring and its connections, right after each ring too', async () => {
    // Without intervals nothing is reported each second: what comes is an acknowledgement.
    vi.useFakeTimers({ toFake: ['setInterval'] });
    const node = await startEchoNode('a');
    const { gateway, broadcast, bus } = await startTestGateway(ringMessage(ringOf(revision(1), [node])));
    const client = await connectClient(gateway.port, 'ada');
    broadcast(ringMessage(ringOf(revision(2), [node])));
    const acknowledged = async (version: number, epoch = 1) => {
      const last = () => reports(bus.sent).at(-1);
      await eventually(
        'an acknowledgement',
        () => formatRevision(last()?.applied ?? revision(0)) === `${epoch}.${version}`,
      );
      return last();
    };
    const report = await acknowledged(2);
    expect(report).toMatchObject({
      gateway: 'gateway-under-test',
      address: `127.0.0.1:${gateway.port}`,
      connectionsByNode: { a: 1 },
      moved: 0,
    });
    expect(decodeSlotCounts(report?.connections ?? '')[slotOf('ada')]).toBe(1);

    // A controller that says nothing of changes gets whole reports.
    broadcast(ringMessage(ringOf(revision(3), [node])));
    expect(await acknowledged(3)).toMatchObject({ type: 'report', connections: report?.connections });

    const asks = (version: number, wholeOf: string[]) =>
      broadcast({ ...heartbeat(ringOf(revision(version), [node])), reporting: { wholeOf, spreadMs: 1 } });
    asks(3, []);
    broadcast(ringMessage(ringOf(revision(4), [node])));
    const change = await acknowledged(4);
    expect(change).toMatchObject({ type: 'report-change', id: { run: report?.id?.run } });
    expect([change?.connections, change?.connectionsByNode]).toEqual([undefined, undefined]);
    const another = await connectClient(gateway.port, 'bob');
    broadcast(ringMessage(ringOf(revision(5), [node])));
    const more = await acknowledged(5);
    expect(more).toMatchObject({ connectionsByNode: { a: 2 }, id: { number: (change?.id?.number ?? 0) + 1 } });
    expect(decodeSlotChanges(more?.connections ?? '')).toEqual([[slotOf('bob'), 1]]);

    const wholes = () => bus.sent.filter(({ type }) => type === 'report').length;
    const before = wholes();
    asks(5, ['another-gateway']);
    asks(5, ['gateway-under-test']);
    await eventually('the whole report that was asked for', () => wholes() === before + 1);
    bus.handlers?.onConnected();
    expect(wholes()).toBe(before + 2);
    // A new leader has not heard the counts.
    broadcast(ringMessage(ringOf(revision(1, 2), [node])));
    expect(await acknowledged(1, 2)).toMatchObject({ type: 'report', connectionsByNode: { a: 2 } });
    another.socket.terminate();
    vi.useRealTimers();
    client.socket.terminate();
    await gateway.stop();
    expect(bus.sent.at(-1)).toMatchObject({ type: 'leave', gateway: 'gateway-under-test' });
    await node.stop();
  });

  it('gives its ring back to a leader that lacks it', async () => {
    const ring = ringMessage(ringOf(revision(3), [{ id: 'a', port: 1 }]));
    const { gateway, broadcast, bus } = await startTestGateway(ring);
    broadcast({ wire: WIRE_MAJOR, type: 'recall', cluster: CLUSTER });
    expect(bus.sent.at(-1)).toMatchObject({ type: 'held', gateway: 'gateway-under-test', ring });
    await gateway.stop();
  });

  it('reports the keys with the most connections', async () => {
    const node = await startEchoNode('a');
    const { gateway, bus } = await startTestGateway(ringMessage(ringOf(revision(1), [node])));
    const clients = await Promise.all(['ada', 'ada', 'bob'].map((key) => connectClient(gateway.port, key)));
    // A scan is made every 5 s.
    const hot = () => reports(bus.sent).at(-1)?.hotKeys;
    await eventually('a report with them', () => hot() !== undefined);
    expect(hot()).toEqual([{ key: 'ada', connections: 2 }]);
    for (const { socket } of clients) socket.terminate();
    await gateway.stop();
    await node.stop();
  });

  it('goes on routing while the bus is gone and the store is down', async () => {
    const node = await startEchoNode('a');
    const { gateway, bus, store } = await startTestGateway(ringMessage(ringOf(revision(1), [node])), {
      timing: { silenceMs: 20, pollMs: 20, retryMs: [] },
    });
    bus.connected = false;
    store.failing = true;
    const before = store.loads;
    await eventually('polls', () => store.loads > before + 3);
    expect((await get(gateway.port, '/send?userId=ada')).status).toBe(200);
    expect((await get(gateway.probePort, '/readyz')).status).toBe(200);
    await gateway.stop();
    await node.stop();
  });

  it('counts what it does', async () => {
    const node = await startEchoNode('a');
    const { gateway } = await startTestGateway(ringMessage(ringOf(revision(4, 2), [node])));
    const client = await connectClient(gateway.port, 'ada');
    client.socket.send('hello');
    await eventually('the echo', () => client.messages.length === 1);
    await get(gateway.port, '/nowhere');
    const { text } = await get(gateway.probePort, '/metrics');
    for (const line of [
      'wscluster_gateway_connections 1',
      'wscluster_gateway_ring_epoch 2',
      'wscluster_gateway_ring_version 4',
      'wscluster_gateway_upgrades_total{result="opened"} 1',
      'wscluster_gateway_http_requests_total{code="404"} 1',
      'wscluster_gateway_relay_bytes_total{direction="to-node"} 11',
      'wscluster_gateway_relay_bytes_total{direction="to-client"} 7',
      'wscluster_gateway_moves_total 0',
    ])
      expect(text).toContain(`${line}\n`);
    client.socket.terminate();
    await gateway.stop();
    await node.stop();
  });

  it('stops in order: unready, no more clients, then 1001 to those who are there, spread out', async () => {
    const node = await startEchoNode('a');
    const test = await startTestGateway(ringMessage(ringOf(revision(1), [node])), { unreadyMs: 2_500, drainMs: 1_500 });
    const { gateway } = test;
    const clients = await Promise.all(['a', 'b', 'c', 'd', 'e', 'f'].map((key) => connectClient(gateway.port, key)));
    const silent = rawUpgrade(gateway.port, '/connect/silent');
    await eventually('all connected', () => node.visits.length === 7);

    const from = performance.now();
    const stopped = gateway.stop();
    const closedAt: number[] = [];
    for (const { socket } of clients) socket.on('close', () => closedAt.push(performance.now() - from));
    expect(await get(gateway.probePort, '/readyz')).toMatchObject({ status: 503, text: 'stopping\n' });
    // Load balancers may not have noticed yet.
    const late = await connectClient(gateway.port, 'late');
    const refused = () =>
      get(gateway.port, '/send?userId=ada').then(
        () => false,
        () => true,
      );
    await vi.waitUntil(refused, { timeout: 30_000, interval: 20 });
    expect((await get(gateway.probePort, '/healthz')).status).toBe(200);

    const all = [...clients, late];
    await eventually('all clients are gone', () => all.every(({ closed }) => closed !== undefined));
    expect(closedAt.length).toBe(6);
    expect(all.map(({ closed }) => closed)).toEqual(
      Array.from({ length: 7 }, () => ({ code: 1001, reason: 'gateway going away' })),
    );
    expect(closedAt[0]).toBeGreaterThan(2_495);
    expect((closedAt.at(-1) ?? 0) - (closedAt[0] ?? 0)).toBeGreaterThan(250);
    silent.socket.destroy();
    await stopped;
    expect(test.bus.sent.at(-1)?.type).toBe('leave');
    expect(gateway.sockets).toBe(0);
    const told = () => node.visits.filter(({ closeCode }) => closeCode === 1001).length;
    await eventually('the node knows of all', () => told() === 8);
    await expect(get(gateway.probePort, '/healthz')).rejects.toThrow();
    await node.stop();
  });
});
