import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from '@wscluster/controller';
import { type NacosRegistryOptions, openNacosRegistry } from '@wscluster/controller/adapters/nacos';
import { type NacosServer, nacosServer } from '@wscluster/testbed/nacos';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../e2e/support/wait.ts';
import { ask, NacosOthers } from './nacos-others.ts';
import { relayTo } from './nacos-relay.ts';
import { member } from './registry.ts';
import { recordingLog } from './support/log-lines.ts';

// The 3.1 is as it comes: of v1 it has only what clients need.
const servers: { '3.1'?: NacosServer; '2.0'?: NacosServer } = {};
beforeAll(async () => {
  servers['3.1'] = await nacosServer('3.1');
  servers['2.0'] = await nacosServer('2.0');
}, 600_000);
afterAll(async () => {
  await servers['3.1']?.dispose();
  await servers['2.0']?.dispose();
});
const server = (version: '3.1' | '2.0') => {
  const found = servers[version];
  if (found === undefined) throw new Error(`Nacos ${version} did not start`);
  return found;
};

const opened: Registry[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((one) => one.close()));
});

let services = 0;
const revision = { epoch: 1, version: 1 };

function open(options: Partial<NacosRegistryOptions>) {
  const recorded = recordingLog('info');
  const service = options.service ?? `outage-${++services}`;
  const registry = openNacosRegistry({ servers: [], owner: 'chat', ...options, service, log: recorded.log });
  opened.push(registry);
  return { registry, service, ...recorded };
}

const REFUSED = { name: 'WsClusterError', code: 'REGISTRY_UNAVAILABLE' };
const failing = (message: RegExp) => ({ ...REFUSED, message: expect.stringMatching(message) });

/** What a consumer finds, by an API that both have. */
const consumerSees = async (at: NacosServer, service: string) =>
  (await new NacosOthers(at.url, { service }).consumerSees()).map(({ address }) => address).sort();

describe.each(['3.1', '2.0'] as const)('Nacos %s', (version) => {
  test('that is down fails the sync, and the next one after its return makes it right; also with its data lost', async () => {
    const nacos = server(version);
    const { registry, service } = open({ servers: [nacos.address] });
    // A server that answers may still elect the leader of its group; whoever syncs tries again.
    const syncs = () =>
      registry.sync([member(1), member(2)], revision).then(
        () => true,
        () => false,
      );
    await registry.sync([member(0), member(1, 'unready')], revision);
    await nacos.kill();
    const down = /no Nacos server answers \(http:\/\/127\.0\.0\.1:\d+\/nacos: .*ECONNREFUSED.*\): bring one back/;
    await expect(registry.sync([member(1), member(2)], revision)).rejects.toMatchObject(failing(down));
    await nacos.start();
    await until('it syncs again', syncs, 20_000, 250);
    expect(await consumerSees(nacos, service)).toEqual(['127.0.0.1:9001', '127.0.0.1:9002']);

    await nacos.kill();
    nacos.wipe();
    await nacos.start();
    expect(await consumerSees(nacos, service)).toEqual([]);
    await until('it syncs again', syncs, 20_000, 250);
    expect(await consumerSees(nacos, service)).toEqual(['127.0.0.1:9001', '127.0.0.1:9002']);
  });

  test('that answers nothing fails the sync within seconds', async () => {
    const nacos = server(version);
    const { registry } = open({ servers: [nacos.address] });
    await registry.sync([member(0)], revision);
    nacos.freeze();
    try {
      await expect(registry.sync([member(1)], revision)).rejects.toMatchObject(failing(/no answer within 5000 ms/));
    } finally {
      nacos.thaw();
    }
    await registry.sync([member(1)], revision);
    await registry.clear();
  });

  test('keeps the health that we gave, though nothing listens at the addresses', async () => {
    const nacos = server(version);
    const { registry, service } = open({ servers: [nacos.address] });
    const checked = new NacosOthers(nacos.url, { service: `checked-${version}` });
    await registry.sync([member(0), member(1, 'unready')], revision);
    const at = { serviceName: `checked-${version}`, ip: '127.0.0.1', port: '9', ephemeral: 'false' };
    await ask('POST', `${nacos.url}/v1/ns/instance`, at);
    await until(
      'Nacos has checked the health of an instance that was left to it',
      async () => (await checked.consumerSees()).some(({ healthy }) => !healthy),
      40_000,
      250,
    );
    const seen = await new NacosOthers(nacos.url, { service }).consumerSees();
    expect(Object.fromEntries(seen.map(({ address, healthy }) => [address, healthy]))).toEqual({
      '127.0.0.1:9000': true,
      '127.0.0.1:9001': false,
    });
    await registry.clear();
  });

  test('with ephemeral instances in the service: the error names the service and says what to do', async () => {
    const nacos = server(version);
    const { registry, service } = open({ servers: [nacos.address] });
    const theirs = { serviceName: service, ip: '10.0.0.1', port: '80', ephemeral: 'true' };
    await ask('POST', `${nacos.url}/v1/ns/instance`, theirs);
    await expect(registry.sync([member(0)], revision)).rejects.toMatchObject(
      failing(new RegExp(`the service ${service} in Nacos has ephemeral instances.*name another service`)),
    );
    await ask('DELETE', `${nacos.url}/v1/ns/instance`, theirs);
  });

  test('an address that somebody else has registered is logged once, with what to do, and once when it is free', async () => {
    const nacos = server(version);
    const { registry, service, warnings, lines } = open({ servers: [nacos.address] });
    const theirs = { serviceName: service, ip: '127.0.0.1', port: '9001', ephemeral: 'false' };
    await ask('POST', `${nacos.url}/v1/ns/instance`, theirs);
    await until('it shows', async () => (await consumerSees(nacos, service)).length === 1);
    for (let again = 0; again < 3; again++) await registry.sync([member(0), member(1)], revision);
    const taken = warnings.filter(({ event }) => event === 'registry-address-taken');
    expect(taken).toMatchObject([{ addresses: ['127.0.0.1:9001'], action: expect.stringMatching(/remove/) }]);
    await ask('DELETE', `${nacos.url}/v1/ns/instance`, theirs);
    await until('it is gone', async () => (await consumerSees(nacos, service)).length === 1);
    for (let again = 0; again < 2; again++) await registry.sync([member(0), member(1)], revision);
    expect(lines.filter(({ event }) => event === 'registry-address-free')).toHaveLength(1);
    expect(await consumerSees(nacos, service)).toEqual(['127.0.0.1:9000', '127.0.0.1:9001']);
    await registry.clear();
  });

  test('of several servers the next one is asked when one is down', async () => {
    const nacos = server(version);
    const { registry, service } = open({ servers: ['127.0.0.1:1', nacos.address, '127.0.0.1:2'] });
    await registry.sync([member(0)], revision);
    expect(await consumerSees(nacos, service)).toEqual(['127.0.0.1:9000']);
    await registry.clear();
  });
});

test('a Nacos that is replaced by a newer one without the old API is spoken to in the new one', async () => {
  const relay = await relayTo(server('2.0').address);
  try {
    const { registry, service, lines } = open({ servers: [relay.address] });
    await registry.sync([member(0)], revision);
    relay.leadTo(server('3.1').address);
    await registry.sync([member(0)], revision);
    expect(await consumerSees(server('3.1'), service)).toEqual(['127.0.0.1:9000']);
    expect(lines.filter(({ event }) => event === 'registry-api-chosen')).toMatchObject([{ api: 'v1' }, { api: 'v3' }]);
  } finally {
    await relay.close();
  }
});

test('v1 on a Nacos 3 that has only part of it: the error says which API to use', async () => {
  const { registry } = open({ servers: [server('3.1').address], api: 'v1' });
  await expect(registry.sync([member(0)], revision)).rejects.toMatchObject(
    failing(/does not have the v1 API of Nacos \(HTTP 410\).*'auto'.*'v3'/),
  );
});

test('v3 on a Nacos 2: the error says so', async () => {
  const { registry } = open({ servers: [server('2.0').address], api: 'v3' });
  await expect(registry.sync([member(0)], revision)).rejects.toMatchObject(
    failing(/does not have the v3 API of Nacos/),
  );
});

test('what is not a Nacos is called by its name, and so is a wrong context path', async () => {
  const web = createServer((_request, response) => response.end('<h1>hello</h1>')).listen(0, '127.0.0.1');
  await once(web, 'listening');
  const address = `127.0.0.1:${(web.address() as AddressInfo).port}`;
  try {
    for (const api of ['auto', 'v1', 'v3'] as const) {
      const { registry } = open({ servers: [address], api });
      const said = new RegExp(`the server at http://${address}/nacos is not Nacos \\(HTTP 200: hello\\)`);
      await expect(registry.sync([member(0)], revision)).rejects.toMatchObject(failing(said));
      await registry.close();
    }
  } finally {
    web.close();
    web.closeAllConnections();
    await once(web, 'close');
  }
  const elsewhere = open({ servers: [server('3.1').address], contextPath: '/registry' });
  await expect(elsewhere.registry.sync([member(0)], revision)).rejects.toMatchObject(
    failing(/\/registry is not Nacos \(HTTP 404.*context path/),
  );
});

test('a registry that is closed, in the middle of a sync or after it, ends it and leaves no connection', async () => {
  const relay = await relayTo(server('3.1').address);
  const members = Array.from({ length: 500 }, (_, ringId) => member(ringId));
  try {
    for (const inTheMiddle of [true, false]) {
      const { registry } = open({ servers: [relay.address] });
      const syncing = registry.sync(members, revision);
      if (inTheMiddle) {
        const ended = expect(syncing).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
        await until('it has begun to write', async () => (await relay.connections()) > 1);
        await registry.close();
        await ended;
      } else {
        await syncing;
        expect(await relay.connections()).toBeGreaterThan(0);
        await registry.close();
      }
      await until('its connections are closed', async () => (await relay.connections()) === 0, 5_000);
      await expect(registry.sync(members, revision)).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
    }
  } finally {
    await relay.close();
  }
});
