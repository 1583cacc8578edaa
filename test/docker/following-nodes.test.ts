import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { agreed } from '../brokers/support/agreement.ts';
import { openTcpRelay, type TcpRelay } from '../contracts/support/tcp-relay.ts';
import { http } from '../e2e/support/http.ts';
import { System } from '../e2e/support/system.ts';
import { until } from '../e2e/support/wait.ts';
import { addGateway } from './support/add-gateway.ts';
import { onSite, useSite } from './support/site.ts';
import { hostNameOf } from './support/where-clients-are.ts';

describe('containers that follow the ring', () => {
  const site = useSite();
  let relays: TcpRelay[] = [];
  let sockets: Socket[] = [];
  let system: System;
  /** The way of the second gateway to RabbitMQ. */
  let bus: TcpRelay;

  beforeEach(async () => {
    const { brokers, docker, network } = site();
    const bridge = await docker('network', 'inspect', network, '--format', '{{(index .IPAM.Config 0).Gateway}}');
    bus = await openTcpRelay(new URL(brokers.rabbitmqUrl).host);
    // The brokers are on loopback: the containers reach them by the address that this host has on their network.
    const [rabbitmq, redis] = await Promise.all([
      openTcpRelay(new URL(brokers.rabbitmqUrl).host, bridge),
      openTcpRelay(new URL(brokers.redisUrl).host, bridge),
    ]);
    relays = [bus, rabbitmq, redis];
    const by = (url: string, host: string, relay: TcpRelay) => {
      const changed = new URL(url);
      changed.host = `${host}:${relay.port}`;
      return changed.href;
    };
    const { rabbitmqUrl, redisUrl } = brokers;
    const env = {
      WSCLUSTER_RABBITMQ_URL: by(rabbitmqUrl, bridge, rabbitmq),
      WSCLUSTER_REDIS_URL: by(redisUrl, bridge, redis),
    };
    system = await System.begin(onSite(site(), { name: 'following', nodes: 3, gateways: 1, nodeSettings: { env } }));
    await addGateway(system, { rabbitmqUrl: by(rabbitmqUrl, '127.0.0.1', bus), redisUrl });
    await system.settled(3);
    await agreed(system, site().nacos);
  });
  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    sockets = [];
    await system?.stop();
    await Promise.all(relays.map((relay) => relay.close()));
  });

  async function connected(port: number): Promise<Socket> {
    const socket = createConnection(port, '127.0.0.1');
    sockets.push(socket);
    await once(socket, 'connect');
    return socket;
  }

  /** A client of the second gateway on a connection that is open already: the node that greets it, or why none did. */
  function greetedBy(key: string, socket: Socket): Promise<string> {
    const url = system.clientUrls(key)[1] ?? '';
    const client = new WebSocket(url, { createConnection: () => socket });
    return new Promise((resolve) => {
      client.once('message', (data) => resolve((JSON.parse(String(data)) as { node: string }).node));
      client.once('error', (error) => resolve(error.message));
    });
  }

  test('a gateway that slept through a new ring serves by it from the first request: the former owners send it on', async () => {
    const before = await system.ring();
    const ownerBefore = await system.owners();
    const [, late] = system.gateways;
    if (late === undefined) throw new Error('there is no second gateway');
    const id = await system.addNode();
    const waiting = await Promise.all(Array.from({ length: 80 }, () => connected(late.port)));
    late.process.signal('SIGSTOP');
    bus.cutOff();
    await until('the node is on the ring', async () => {
      const { members } = await system.ring();
      return members.some((member) => member.nodeId === id && member.slots > 0);
    });
    const ring = await system.ring();
    const ownerAfter = await system.owners();
    const all = Array.from({ length: 1000 }, (_, n) => `user-${n}`);
    const lost = all.filter((key) => ownerBefore(key) !== ownerAfter(key)).slice(0, 40);
    const kept = all.filter((key) => ownerBefore(key) === ownerAfter(key)).slice(0, 40);
    expect([lost.length, kept.length]).toEqual([40, 40]);

    const asked = async (key: string, revision: { epoch: number; version: number }) => {
      const { address } = before.members.find(({ nodeId }) => nodeId === ownerBefore(key)) ?? { address: '' };
      const headers = {
        'X-WsCluster-Key': encodeURIComponent(key),
        'X-WsCluster-Revision': `${revision.epoch}.${revision.version}`,
      };
      return await http('GET', `http://${address}/whoami`, undefined, headers);
    };
    // Which also makes sure that each former owner knows the ring.
    for (const key of lost)
      await until(
        `the former owner of ${key} refuses it`,
        async () => (await asked(key, before.revision)).status === 421,
      );
    const [some = ''] = lost;
    expect(JSON.parse((await asked(some, before.revision)).text)).toMatchObject({ code: 'REVISION_STALE' });
    expect((await asked(some, ring.revision)).status).toBe(200);
    expect((await asked(kept[0] ?? '', before.revision)).status).toBe(200);

    const keys = [...lost, ...kept];
    // On open connections, so that the requests are the first that the gateway reads when it wakes up.
    const greetings = keys.map((key, index) => greetedBy(key, waiting[index] as Socket));
    late.process.signal('SIGCONT');
    expect(await Promise.all(greetings)).toEqual(keys.map((key) => hostNameOf(ownerAfter(key))));
    const metrics = await http('GET', `http://127.0.0.1:${late.probes}/metrics`);
    expect(metrics.text).toContain('wscluster_gateway_upgrades_total{result="opened"} 80');

    bus.mend();
    bus.break();
    await system.settled(4);
    await agreed(system, site().nacos);
  });
});
