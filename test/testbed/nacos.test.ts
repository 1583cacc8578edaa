import { existsSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { type NacosServer, nacosServer } from '@wscluster/testbed/nacos';
import { afterEach, expect, test } from 'vitest';

const running: NacosServer[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((nacos) => nacos.dispose()));
});

const folders = () => readdirSync(tmpdir()).filter((name) => name.startsWith('wsc-nacos-'));

async function ask(nacos: NacosServer, method: string, path: string): Promise<string> {
  const answer = await fetch(`${nacos.url}${path}`, { method, headers: { connection: 'close' } });
  return `${answer.status} ${await answer.text()}`;
}

const REGISTER = '/v1/ns/instance?serviceName=chat&ip=10.0.0.1&port=80&ephemeral=false';
const LIST = '/v1/ns/instance/list?serviceName=chat';

test('Nacos 3.1 and 2.0 run beside each other, and keep what they know over a kill', async () => {
  const before = folders();
  running.push(...(await Promise.all([nacosServer('3.1'), nacosServer('2.0')])));
  for (const nacos of running) expect(await ask(nacos, 'POST', REGISTER)).toBe('200 ok');
  const pids = running.map(({ pid }) => pid);
  await Promise.all(
    running.map(async (nacos) => {
      const { address } = nacos;
      await nacos.kill();
      expect(nacos.pid).toBeUndefined();
      await expect(ask(nacos, 'GET', LIST)).rejects.toThrow();
      await nacos.start();
      expect(nacos.address).toBe(address);
    }),
  );
  for (const nacos of running) expect(await ask(nacos, 'GET', LIST)).toMatch(/^200 .*10\.0\.0\.1/);
  await Promise.all(running.splice(0).map((nacos) => nacos.dispose()));
  expect(pids.filter((pid) => existsSync(`/proc/${pid}`))).toEqual([]);
  expect(folders()).toEqual(before);
});

test('a Nacos with a login refuses who brings no token, and lets its user in', async () => {
  const nacos = await nacosServer('3.1', { auth: { password: 'a secret/with@signs' } });
  running.push(nacos);
  expect(await ask(nacos, 'GET', '/v3/admin/ns/service/list?pageNo=1&pageSize=10')).toMatch(/^403/);
  const login = new URLSearchParams({ username: 'nacos', password: 'a secret/with@signs' });
  expect(await ask(nacos, 'POST', `/v3/auth/user/login?${login}`)).toMatch(/^200 .*accessToken/);
});

test('asks for a Nacos that cannot be had are refused', async () => {
  await expect(nacosServer('2.0', { auth: { password: 'x' } })).rejects.toThrow(/has no login/);
});
