import { Redis } from 'ioredis';

/** What Redis held at one time, as a file of its own would have it: without what has a time to live. */
export class RedisSnapshot {
  readonly #url: string;
  #entries: readonly Entry[] = [];

  constructor(url: string) {
    this.#url = url;
  }

  async take(): Promise<void> {
    this.#entries = await this.#ask(held);
  }

  /** Puts Redis back to the last snapshot, and keeps what it held until now as the next one. */
  async restoreAndTake(): Promise<void> {
    await this.#ask(async (redis) => {
      const old = this.#entries;
      this.#entries = await held(redis);
      const restoring = redis.multi().flushall();
      for (const { key, value } of old) restoring.restore(key, 0, value);
      await restoring.exec();
    });
  }

  async #ask<T>(command: (redis: Redis) => Promise<T>): Promise<T> {
    const redis = new Redis(this.#url, { lazyConnect: true });
    try {
      await redis.connect();
      return await command(redis);
    } finally {
      redis.disconnect();
    }
  }
}

interface Entry {
  readonly key: string;
  readonly value: Buffer;
}

async function held(redis: Redis): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (const key of await redis.keys('*')) {
    if ((await redis.pttl(key)) >= 0) continue;
    const value = await redis.dumpBuffer(key);
    if (value !== null) entries.push({ key, value });
  }
  return entries;
}
