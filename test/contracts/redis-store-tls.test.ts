import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { redisServer } from '@wscluster/testbed';
import { openRedisStore } from '@wscluster/transport';
import { expect, test } from 'vitest';
import { recordingLog } from './support/log-lines.ts';
import { ringAt } from './support/messages.ts';
import { openTlsRelay } from './support/tls-relay.ts';

test('Redis is reached over TLS when its certificate is trusted, and else that is told', async () => {
  const server = await redisServer({ password: 'pass:word/?#' });
  const relay = await openTlsRelay(server.address);
  const { log, warnings } = recordingLog();
  const url = server.url.replace('redis:', 'rediss:').replace(server.address, relay.address);
  const distrustful = openRedisStore({ url, cluster: 'chat', log });
  await expect(distrustful.load()).rejects.toMatchObject({ message: expect.stringContaining('TLS fails') });
  await distrustful.close();
  expect(warnings).toEqual([expect.objectContaining({ action: expect.stringContaining('NODE_EXTRA_CA_CERTS') })]);

  const trusted = getCACertificates('default');
  setDefaultCACertificates([...trusted, relay.certificate]);
  try {
    const store = openRedisStore({ url, cluster: 'chat', log });
    expect(await store.save(ringAt(1, 1))).toBe('saved');
    expect(await store.load()).toEqual(ringAt(1, 1));
    await store.close();
  } finally {
    setDefaultCACertificates(trusted);
    await relay.close();
    await server.dispose();
  }
});
