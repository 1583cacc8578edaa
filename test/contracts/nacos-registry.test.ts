import { openNacosRegistry } from '@wscluster/controller/adapters/nacos';
import { type NacosServer, nacosServer } from '@wscluster/testbed/nacos';
import { afterAll, beforeAll, expect } from 'vitest';
import { NacosOthers } from './nacos-others.ts';
import { registryContract } from './registry.ts';
import { recordingLog } from './support/log-lines.ts';

const servers: { '3.1'?: NacosServer; '2.0'?: NacosServer } = {};
beforeAll(async () => {
  servers['3.1'] = await nacosServer('3.1', { wholeV1: true });
  servers['2.0'] = await nacosServer('2.0');
}, 600_000);
afterAll(async () => {
  await servers['3.1']?.dispose();
  await servers['2.0']?.dispose();
});

let services = 0;

// `auto` takes v3 on 3.1 and v1 on 2.0.
for (const [version, api, chosen] of [
  ['3.1', 'auto', 'v3'],
  ['3.1', 'v1', 'v1'],
  ['2.0', 'auto', 'v1'],
] as const)
  registryContract(`Nacos ${version} by ${chosen}`, true, async () => {
    const server = servers[version];
    if (server === undefined) throw new Error(`Nacos ${version} did not start`);
    const service = `contract-${++services}`;
    const { log, lines } = recordingLog('info');
    return {
      open: async (owner = 'chat') => openNacosRegistry({ servers: [server.address], api, service, owner, log }),
      others: new NacosOthers(server.url, { service }),
      dispose: async () => {
        expect(lines.filter(({ event }) => event === 'registry-api-chosen').map((line) => line.api)).toContain(chosen);
      },
    };
  });
