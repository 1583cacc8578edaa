import { connect } from 'amqplib';

/** Hears all that goes to the gateways of a cluster. */
export interface RingTap {
  /** Types of the messages since it was opened, in their order. */
  readonly types: readonly string[];
  close(): Promise<void>;
}

export async function openRingTap(rabbitmqUrl: string, cluster: string): Promise<RingTap> {
  const connection = await connect(rabbitmqUrl);
  const channel = await connection.createChannel();
  const { queue } = await channel.assertQueue('', { exclusive: true, durable: false });
  await channel.bindQueue(queue, `wscluster.${cluster}.rings`, '');
  const types: string[] = [];
  await channel.consume(
    queue,
    (message) => types.push((JSON.parse(String(message?.content)) as { type: string }).type),
    { noAck: true },
  );
  return { types, close: () => connection.close() };
}
