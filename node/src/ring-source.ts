import { join } from 'node:path';
import { messageOf, WsClusterError } from '@wscluster/ring';
import { fileText, type Logger } from '@wscluster/service';
import { brokerOptions, brokersOf, openFileReader, openLocalFollower } from '@wscluster/transport';
import type { ChangingText, RingAddress } from './api.ts';
import type { RingSource } from './ring-view.ts';

/** The clients of RabbitMQ and Redis, which only those need who use them. */
const CLIENTS = 'amqplib@2 ioredis@6';

/**
 * Where the environment says that the ring is, as the controller sets it for the nodes that it starts; undefined if it
 * does not say. Throws CONFIG_INVALID naming the variable.
 */
export function ringOfEnvironment(env: NodeJS.ProcessEnv, log: Logger): RingAddress | undefined {
  const { WSCLUSTER_CLUSTER: cluster, WSCLUSTER_STATE_DIR: stateDir } = env;
  if (!cluster) return undefined;
  const rabbitmqUrl = urlOf('rabbitmqUrl', 'WSCLUSTER_RABBITMQ_URL', env, log);
  const redisUrl = urlOf('redisUrl', 'WSCLUSTER_REDIS_URL', env, log);
  if (rabbitmqUrl === undefined && redisUrl === undefined && !stateDir) return undefined;
  return { cluster, stateDir, rabbitmqUrl, redisUrl };
}

function urlOf(
  option: keyof typeof brokerOptions,
  variable: string,
  env: NodeJS.ProcessEnv,
  log: Logger,
): string | ChangingText | undefined {
  if (env[variable]) return env[variable];
  const field = `${variable}_FILE`;
  const file = env[field];
  if (!file) return undefined;
  const refuse = (text: string) => brokerOptions[option].schema.safeParse(text).error?.issues[0]?.message;
  return fileText({ file, field, refuse, log });
}

/** Throws CONFIG_INVALID if the address does not say enough. */
export function checkRing({ stateDir, rabbitmqUrl, redisUrl }: RingAddress): void {
  const wrong = (what: string) => new WsClusterError('CONFIG_INVALID', `ring: ${what}`, { field: 'ring' });
  if ((rabbitmqUrl === undefined) !== (redisUrl === undefined))
    throw wrong('rabbitmqUrl (WSCLUSTER_RABBITMQ_URL) and redisUrl (WSCLUSTER_REDIS_URL) are needed together');
  if (rabbitmqUrl === undefined && !stateDir) throw wrong('needs stateDir, or rabbitmqUrl and redisUrl');
}

/** Throws CONFIG_INVALID if the ring needs packages that are not installed. */
export async function ringSource(address: RingAddress, log: Logger): Promise<RingSource> {
  const { cluster, stateDir = '' } = address;
  const brokers = brokersOf(address);
  if (brokers === undefined) {
    const folder = join(stateDir, cluster);
    return {
      openFollower: async (handlers) => openLocalFollower({ socketPath: join(folder, 'bus.sock'), log }, handlers),
      openReader: () => openFileReader({ path: join(folder, 'ring.json') }),
    };
  }
  const { brokerSource } = await import('./brokers.ts').catch((cause: unknown) => {
    throw new WsClusterError(
      'CONFIG_INVALID',
      `to follow a ring over RabbitMQ and Redis, install their clients: npm install ${CLIENTS} (${messageOf(cause)})`,
      { field: 'ring', cause },
    );
  });
  return brokerSource({ cluster, ...brokers, log });
}
