import type { Registry } from '@wscluster/controller';
import { type NacosRegistryOptions, openNacosRegistry } from '@wscluster/controller/adapters/nacos';
import { type NacosServer, nacosServer } from '@wscluster/testbed/nacos';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../e2e/support/wait.ts';
import { ask, NacosOthers, type NacosPlace } from './nacos-others.ts';
import { member } from './registry.ts';
import { recordingLog } from './support/log-lines.ts';

const PASSWORD = 'a secret/with@signs&more';
/** A user of the Nacos without any rights. */
const READER = { username: 'reader', password: 'reader-password' };
let nacos: NacosServer;
beforeAll(async () => {
  nacos = await nacosServer('3.1', { auth: { password: PASSWORD }, wholeV1: true });
  await ask('POST', `${nacos.url}/v3/auth/user`, READER, await asAdmin());
  await until(
    'Nacos has read its new user',
    async () => (await ask('POST', `${nacos.url}/v3/auth/user/login`, READER)).status === 200,
    40_000,
    100,
  );
}, 600_000);
afterAll(() => nacos?.dispose());

const opened: Registry[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((one) => one.close()));
});

let services = 0;
const revision = { epoch: 1, version: 1 };
const nacosUser = { username: 'nacos', password: PASSWORD };

function open(options: Partial<NacosRegistryOptions>) {
  const recorded = recordingLog('trace');
  const service = options.service ?? `access-${++services}`;
  const registry = openNacosRegistry({
    servers: [nacos.address],
    owner: 'chat',
    ...options,
    service,
    log: recorded.log,
  });
  opened.push(registry);
  return { registry, service, ...recorded };
}

async function tokenOf(username: string, password: string): Promise<string> {
  const { text } = await ask('POST', `${nacos.url}/v3/auth/user/login`, { username, password });
  return (JSON.parse(text) as { accessToken: string }).accessToken;
}

const asAdmin = async () => ({ authorization: `Bearer ${await tokenOf('nacos', PASSWORD)}` });
const others = async (place: NacosPlace) => new NacosOthers(nacos.url, place, await asAdmin());
const addresses = async (place: NacosPlace) => (await (await others(place)).consumerSees()).map((one) => one.address);

const failing = (message: RegExp) => ({ code: 'REGISTRY_UNAVAILABLE', message: expect.stringMatching(message) });

describe.each(['v1', 'v3'] as const)('a Nacos that wants a login, by %s', (api) => {
  test('takes what its user registers', async () => {
    const { registry, service } = open({ api, credentials: nacosUser });
    await registry.sync([member(0), member(1)], revision);
    expect(await addresses({ service })).toHaveLength(2);
    await registry.clear();
  });

  test('takes a token that is given as it is, until it is void', async () => {
    const { registry, service } = open({ api, credentials: { token: await tokenOf('nacos', PASSWORD) } });
    await registry.sync([member(0)], revision);
    expect(await addresses({ service })).toEqual(['127.0.0.1:9000']);
    const wrong = open({ api, credentials: { token: 'no-token-of-this-server' } });
    await expect(wrong.registry.sync([member(0)], revision)).rejects.toMatchObject(
      failing(/refuses to read the service \(HTTP 403\): check the credentials/),
    );
    await registry.clear();
  });

  test('refuses who brings no credentials', async () => {
    const { registry } = open({ api });
    await expect(registry.sync([member(0)], revision)).rejects.toMatchObject(
      failing(/refuses to .* \(HTTP 403\): check the credentials of the registry/),
    );
  });

  test('refuses a wrong password: the error names the user, and neither error nor log has the password', async () => {
    const { registry, lines } = open({ api, credentials: { username: 'nacos', password: 'not-the-password' } });
    const error = await registry.sync([member(0)], revision).catch((thrown: Error) => thrown);
    expect(error).toMatchObject(failing(/refuses the user nacos \(HTTP \d+\): check user name and password/));
    expect(JSON.stringify([String(error), (error as Error).stack, lines])).not.toContain('not-the-password');
  });

  test('refuses a user without rights', async () => {
    const { registry } = open({ api, credentials: READER });
    await expect(registry.sync([member(0)], revision)).rejects.toMatchObject(failing(/refuses to .*HTTP 403/));
  });

  test('holds namespaces, groups and its clusters apart', async () => {
    const namespace = `apart-${api}`;
    const path = `${nacos.url}/v3/admin/core/namespace`;
    await ask('POST', path, { namespaceId: namespace, namespaceName: namespace }, await asAdmin());
    const { registry, service } = open({
      api,
      credentials: nacosUser,
      namespace,
      group: 'CHAT',
      clusterName: 'zone-a',
    });
    await registry.sync([member(0)], revision);
    const seen = await (await others({ service, namespace, group: 'CHAT', clusterName: 'zone-a' })).all();
    expect(seen).toMatchObject([{ ip: '127.0.0.1', port: 9000, clusterName: 'zone-a' }]);
    expect(await addresses({ service, namespace })).toEqual([]);
    expect(await addresses({ service, group: 'CHAT' })).toEqual([]);
    const besides = open({ api, credentials: nacosUser, namespace, group: 'CHAT', clusterName: 'zone-b', service });
    await besides.registry.sync([member(1)], revision);
    await registry.clear();
    expect(await addresses({ service, namespace, group: 'CHAT' })).toEqual(['127.0.0.1:9001']);
    await besides.registry.clear();
  });
});

test('changed credentials are taken at the next login, which a refusal leads to', async () => {
  const wrong = { ...nacosUser, password: 'not-the-password' };
  let present = wrong;
  const { registry, service } = open({ credentials: () => present });
  const refused = failing(/refuses the user nacos/);
  await expect(registry.sync([member(0)], revision)).rejects.toMatchObject(refused);
  present = nacosUser;
  await registry.sync([member(0)], revision);
  present = wrong;
  // The token of the login before is used for as long as Nacos takes it.
  await registry.sync([member(0), member(1)], revision);
  await nacos.kill();
  await nacos.start(); // which makes all tokens void
  await expect(registry.sync([member(0)], revision)).rejects.toMatchObject(refused);
  present = nacosUser;
  await registry.sync([member(0)], revision);
  expect(await addresses({ service })).toEqual(['127.0.0.1:9000']);
  await registry.clear();
});

test('an unknown namespace is refused by v3, where Nacos itself would take it', async () => {
  const { registry } = open({ credentials: nacosUser, namespace: 'nowhere' });
  await expect(registry.sync([member(0)], revision)).rejects.toMatchObject(
    failing(/has no namespace with the id nowhere: create it/),
  );
});

test('after a restart of Nacos that made all tokens void a sync logs in again', async () => {
  const { registry, service } = open({ credentials: nacosUser });
  await registry.sync([member(0), member(1)], revision);
  await nacos.kill();
  await nacos.start();
  await registry.sync([member(0)], revision);
  expect(await addresses({ service })).toEqual(['127.0.0.1:9000']);
  await registry.clear();
});
