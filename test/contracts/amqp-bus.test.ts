import { openAmqpFollower, openAmqpHub } from '@wscluster/transport';
import { type ChannelModel, connect } from 'amqplib';
import { inject } from 'vitest';
import { type BusHarness, ringBusContract } from './ring-bus.ts';
import { recordingLog } from './support/log-lines.ts';
import { openTcpRelay } from './support/tcp-relay.ts';

const { rabbitmqUrl: url } = inject('brokers');
/** As the contract's messages name it. */
const cluster = 'chat';

ringBusContract('the bus on RabbitMQ', async (): Promise<BusHarness> => {
  // Followers by an address of their own, so that their connections can be broken and not those of the hub.
  const relay = await openTcpRelay(new URL(url).host);
  const { log, warnings } = recordingLog();
  const stranger = await connect(url);
  const damage = () => warnings.filter(({ event }) => event !== 'bus-disconnected');

  return {
    get warnings() {
      return damage();
    },
    openHub: (handlers) => openAmqpHub({ url, cluster, log }, handlers),
    openFollower: (handlers) =>
      openAmqpFollower({ url: `amqp://guest:guest@127.0.0.1:${relay.port}`, cluster, log }, handlers),
    breakConnections: async () => relay.break(),
    injectBroadcast: (payload) => publish(stranger, `wscluster.${cluster}.rings`, payload),
    injectUplink: (payload) => publish(stranger, `wscluster.${cluster}.reports`, payload),
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
