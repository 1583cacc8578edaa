import type { RealServer } from '@wscluster/testbed';
import { askRedis } from '../../test/brokers/support/brokers.ts';
import type { Brokers } from '../brokers.ts';
import type { FaultKind } from './fault-kind.ts';

const MEMORY_LIMIT = 'set_vm_memory_high_watermark';
const NO_MEMORY = '0.0000001';
const DEFAULT_MEMORY = '0.4';

/** Faults of RabbitMQ and Redis. */
export function brokerFaults({ redis, rabbitmq, snapshot }: Brokers): FaultKind[] {
  return [
    ...serverFaults('rabbitmq', rabbitmq),
    {
      name: 'rabbitmq out of memory',
      scope: 'rabbitmq',
      async inject({ begin, lasts }) {
        begin('rabbitmq');
        await rabbitmq.ctl(MEMORY_LIMIT, NO_MEMORY);
        await lasts();
        await rabbitmq.ctl(MEMORY_LIMIT, DEFAULT_MEMORY);
      },
    },
    ...serverFaults('redis', redis),
    {
      name: 'redis emptied',
      scope: 'redis',
      async inject({ begin }) {
        begin('redis');
        await askRedis(redis.url, 'FLUSHALL');
      },
    },
    {
      name: 'redis restored from an old snapshot',
      scope: 'redis',
      async inject({ begin }) {
        begin('redis');
        await snapshot.restoreAndTake();
      },
    },
  ];
}

function serverFaults(scope: 'rabbitmq' | 'redis', server: RealServer): FaultKind[] {
  const end = (how: 'kill' | 'stop'): FaultKind => ({
    name: `${scope} ${how === 'kill' ? 'killed' : 'stopped'}`,
    scope,
    async inject({ begin, lasts }) {
      begin(scope);
      await server[how]();
      await lasts();
      await server.start();
    },
  });
  const pause: FaultKind = {
    name: `${scope} paused`,
    scope,
    async inject({ begin, lasts }) {
      begin(scope);
      server.freeze();
      await lasts();
      server.thaw();
    },
  };
  return [end('kill'), end('stop'), pause];
}
