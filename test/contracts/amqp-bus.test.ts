import { type RabbitmqServer, rabbitmqServer } from '@wscluster/testbed';
import { openAmqpFollower, openAmqpHub } from '@wscluster/transport';
import { type ChannelModel, connect } from 'amqplib';
import { afterAll, beforeAll } from 'vitest';
import { type BusHarness, ringBusContract } from './ring-bus.ts';
import { recordingLog } from './support/log-lines.ts';
import { openTcpRelay } from './support/tcp-relay.ts';

let server: RabbitmqServer;
beforeAll(async () => {
  server = await rabbitmqServer();
});
afterAll(() => server.dispose());

ringBusContract('the bus on RabbitMQ', async (): Promise<BusHarness> => {
  // Followers by an address of their own, so that their connections can be broken and not those of the hub.
  const relay = await openTcpRelay(server.address);
  const { log, warnings } = recordingLog();
  const stranger = await connect(server.url);
  const damage = () => warnings.filter(({ event }) => event !== 'bus-disconnected');

  return {
    get warnings() {
      return damage();
    },
    openHub: (handlers) => openAmqpHub({ url: server.url, cluster: 'chat', log }, handlers),
    openFollower: (handlers) =>
      openAmqpFollower({ url: `amqp://guest:guest@127.0.0.1:${relay.port}`, cluster: 'chat', log }, handlers),
    breakConnections: async () => relay.break(),
    injectBroadcast: (payload) => publish(stranger, 'wscluster.chat.rings', payload),
    injectUplink: (payload) => publish(stranger, 'wscluster.chat.reports', payload),
    leftovers: async () => {
      for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve));
      return process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap' || kind === 'Timeout');
    },
    async dispose() {
      await stranger.close();
      await relay.close();
    },
  };
});

async function publish(connection: ChannelModel, exchange: string, payload: Buffer): Promise<void> {
  const channel = await connection.createConfirmChannel();
  channel.publish(exchange, '', payload);
  await channel.waitForConfirms();
  await channel.close();
}
