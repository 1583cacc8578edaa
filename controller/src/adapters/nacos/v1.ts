import { isMissing, notNacos, parseObject, refusal } from './answers.ts';
import type { NacosApi, ServiceName } from './api.ts';
import type { Answer, Call } from './http.ts';
import type { Instance } from './instances.ts';
import { NpmNacos } from './npm-nacos.ts';
import { readInstances } from './read-instance.ts';
import type { NacosSession } from './session.ts';

export const V1_LOGIN = '/v1/auth/login';

/** Servers of all versions return as many on one page as requested. */
const PAGE = 100_000;

/**
 * The v1 API: Nacos 1.x, 2.x, and 3.x up to 3.1 if `nacos.core.api.compatibility.admin.enabled` and `.console.enabled`
 * are true there. Registers and deregisters with the npm package `nacos`, which cannot list disabled instances, update
 * an instance or manage a service: those calls are made here.
 */
export function v1Api(session: NacosSession, name: ServiceName): NacosApi {
  const { namespace, group, service, clusterName } = name;
  const npm = new NpmNacos(namespace, (call) => session.call(call));
  // Some calls of v1 read the group only from the name of the service, others only from the parameter.
  const instanceAddress = { namespaceId: namespace, groupName: group, serviceName: `${group}@@${service}` };
  const serviceAddress = { namespaceId: namespace, groupName: group, serviceName: service };

  const check = (answer: Answer, doing: string, tolerate?: RegExp) => {
    if (answer.status === 200) return true;
    if (!isMissing(answer) && tolerate?.test(answer.text)) return false;
    throw refusal(answer, 'v1', doing, service);
  };
  const call = async (doing: string, method: string, path: string, query: Call['query'], tolerate?: RegExp) => {
    const answer = await session.call({ method, path: `/v1/ns${path}`, query: { ...query } });
    return check(answer, doing, tolerate) ? answer : undefined;
  };
  const packageInstance = (instance: Instance) => ({ ...instance, clusterName, ephemeral: false });

  return {
    generation: 'v1',

    async service() {
      const answer = await call('read the service', 'GET', '/service', serviceAddress, /not found/);
      if (answer === undefined) return undefined;
      const { clusters, metadata, protectThreshold, selector } = parseObject(answer);
      const cluster = Array.isArray(clusters)
        ? clusters.find((one: { name?: unknown }) => one.name === clusterName)
        : undefined;
      return {
        ephemeral: undefined,
        healthUnchecked: (cluster as { healthChecker?: { type?: string } } | undefined)?.healthChecker?.type === 'NONE',
        configured:
          Object.keys((metadata as object | null) ?? {}).length > 0 ||
          protectThreshold !== 0 ||
          ((selector as { type?: string } | null)?.type ?? 'none') !== 'none',
      };
    },

    async createService() {
      const query = { ...serviceAddress, protectThreshold: '0' };
      await call('create the service', 'POST', '/service', query, /already exist/);
    },

    async leaveHealthAlone() {
      await call('set the health checker', 'PUT', '/cluster', {
        ...instanceAddress,
        clusterName,
        checkPort: '80',
        useInstancePort4Check: 'true',
        healthChecker: JSON.stringify({ type: 'NONE' }),
      });
    },

    async instances() {
      const query = { ...instanceAddress, clusterName, pageNo: '1', pageSize: String(PAGE) };
      const answer = await call('list the instances', 'GET', '/catalog/instances', query, /not found/);
      if (answer === undefined) return [];
      const found = readInstances(parseObject(answer).list);
      if (found === undefined) throw notNacos(answer);
      return found;
    },

    async register(instance) {
      check(await npm.register(service, group, packageInstance(instance)), 'register an instance');
    },

    async override({ ip, port, weight, enabled, healthy, metadata }) {
      await call('update an instance', 'PUT', '/instance', {
        ...instanceAddress,
        clusterName,
        ip,
        port: String(port),
        ephemeral: 'false',
        weight: String(weight),
        enabled: String(enabled),
        healthy: String(healthy),
        metadata: JSON.stringify(metadata),
      });
    },

    async deregister(instance) {
      check(await npm.deregister(service, group, packageInstance(instance)), 'remove an instance', /not found/);
    },

    async deleteService() {
      await call('remove the service', 'DELETE', '/service', serviceAddress, /not empty|not found/);
    },
  };
}
