import { createLogger, silentLogger } from '@wscluster/service';
import { openAmqpFollower, openRedisStore } from '@wscluster/transport';
import { connect } from 'amqplib';
import { createGateway } from '../gateway/src/gateway.ts';
import { type FanoutMessage, monotonicMs } from './ring-fanout-messages.ts';

// One of ten: `gateway`, a real one; or `bare`, a consumer of the same payload that only looks at the clock.

const [role, rabbitmqUrl = '', redisUrl = '', cluster = ''] = process.argv.slice(2);
const tell = (message: FanoutMessage) => process.send?.(message);

/** A gateway logs a ring as soon as it routes by it. */
function tellApplied(line: string): void {
  const at = monotonicMs();
  const { event, revision } = JSON.parse(line) as { event: string; revision?: string };
  if (event === 'ring-applied') tell({ version: Number(revision?.split('.')[1]), at });
}

if (role === 'gateway') {
  await createGateway({
    cluster,
    id: `gateway-${process.pid}`,
    listen: { host: '127.0.0.1', port: 0 },
    probes: { host: '127.0.0.1', port: 0 },
    advertise: undefined,
    unreadyMs: 0,
    drainMs: 0,
    store: openRedisStore({ url: redisUrl, cluster, log: silentLogger }),
    openBus: (handlers) =>
      openAmqpFollower(
        { url: rabbitmqUrl, cluster, log: silentLogger },
        {
          onBroadcast: (message) => handlers.onBroadcast(message),
          onConnected() {
            handlers.onConnected();
            tell({ ready: true });
          },
          onDisconnected: () => handlers.onDisconnected(),
        },
      ),
    log: createLogger('gateway', {}, { write: tellApplied }),
  });
} else {
  const connection = await connect(rabbitmqUrl, { noDelay: true });
  const channel = await connection.createChannel();
  const exchange = `bench.${cluster}`;
  await channel.assertExchange(exchange, 'fanout', { durable: true });
  const { queue } = await channel.assertQueue('', { exclusive: true });
  await channel.bindQueue(queue, exchange, '');
  await channel.consume(
    queue,
    (message) => {
      const at = monotonicMs();
      if (message !== null) tell({ version: Number(message.properties.messageId), at });
    },
    { noAck: true },
  );
  tell({ ready: true });
}
process.on('disconnect', () => process.exit(0));
