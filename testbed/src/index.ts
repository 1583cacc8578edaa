export { type DockerEngine, dockerEngine, type EngineOptions } from './docker/engine.ts';
export { baseImages } from './images/base-images.ts';
export { provideServers } from './install/provide.ts';
export { type RabbitmqServer, rabbitmqServer } from './rabbitmq/rabbitmq.ts';
export { type RedisServer, redisServer } from './redis/redis.ts';
export type { RealServer } from './server.ts';
