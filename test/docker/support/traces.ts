import { askRedis } from '../../brokers/support/brokers.ts';
import { http } from '../../e2e/support/http.ts';
import type { RingView, System } from '../../e2e/support/system.ts';
import type { Site } from './site.ts';

/** What a cluster has left everywhere: equal as long as nothing of it was touched. */
export interface Traces {
  readonly ring: RingView;
  /** All its keys in Redis with what they hold, but for the time left of its lock. */
  readonly redis: Readonly<Record<string, unknown>>;
  /** Its instances as Nacos tells of them. */
  readonly instances: unknown;
  /** Its containers: id, name and when each was started. */
  readonly containers: string;
}

export async function tracesOf(system: System, { brokers, nacos, docker }: Site): Promise<Traces> {
  const { name } = system;
  const { redisUrl } = brokers;
  const keys = (await askRedis(redisUrl, 'KEYS', `wscluster:{${name}}:*`)) as string[];
  const redis: Record<string, unknown> = {};
  for (const key of keys.sort())
    redis[key] = await askRedis(redisUrl, key.endsWith(':leader') ? 'GET' : 'HGETALL', key);
  const query = `serviceName=${name}&groupName=DEFAULT_GROUP&healthyOnly=false`;
  const listed = await http('GET', `http://${nacos}/nacos/v1/ns/instance/list?${query}`);
  const { hosts } = JSON.parse(listed.text) as { hosts: { ip: string; port: number }[] };
  const ids = (await docker('ps', '--all', '--quiet', '--filter', `label=wscluster.io/cluster=${name}`)).split('\n');
  const format = '{{.Id}} {{.Name}} {{.State.Status}} {{.State.StartedAt}}';
  return {
    ring: await system.ring(),
    redis,
    instances: hosts.sort((a, b) => (`${a.ip}:${a.port}` < `${b.ip}:${b.port}` ? -1 : 1)),
    containers: await docker('inspect', '--format', format, ...ids.sort()),
  };
}
