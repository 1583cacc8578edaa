import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { rabbitmqServer } from '@wscluster/testbed';
import { openAmqpFollower, openAmqpHub } from '@wscluster/transport';
import { expect, test } from 'vitest';
import { until } from '../e2e/support/wait.ts';
import { recordingLog } from './support/log-lines.ts';
import { ringAt } from './support/messages.ts';
import { FollowerRecorder, HubRecorder } from './support/recorder.ts';
import { openTlsRelay } from './support/tls-relay.ts';

test('RabbitMQ is reached over TLS when its certificate is trusted, and else that is told', async () => {
  const server = await rabbitmqServer({ user: 'us:er', password: 'pass:word/?@' });
  const relay = await openTlsRelay(server.address);
  const { log, warnings } = recordingLog();
  const options = {
    url: server.url.replace('amqp:', 'amqps:').replace(server.address, relay.address),
    cluster: 'chat',
    log,
  };
  const distrustful = await openAmqpHub(options, new HubRecorder());
  await expect(distrustful.broadcast(ringAt(1, 1))).rejects.toMatchObject({
    message: expect.stringContaining('TLS fails'),
  });
  await distrustful.close();
  expect(warnings).toEqual([expect.objectContaining({ action: expect.stringContaining('NODE_EXTRA_CA_CERTS') })]);

  const trusted = getCACertificates('default');
  setDefaultCACertificates([...trusted, relay.certificate]);
  try {
    const heard = new FollowerRecorder();
    const follower = await openAmqpFollower(options, heard);
    const hub = await openAmqpHub(options, new HubRecorder());
    await until('the follower is connected', () => follower.connected);
    await hub.broadcast(ringAt(1, 1));
    await until('the ring', () => heard.broadcasts.length > 0);
    expect(heard.broadcasts).toEqual([ringAt(1, 1)]);
    await follower.close();
    await hub.close();
  } finally {
    setDefaultCACertificates(trusted);
    await relay.close();
    await server.dispose();
  }
});
