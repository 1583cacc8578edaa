import { WsClusterError } from '@wscluster/ring';
import { isMissing, notNacos, parseObject, refusal } from './answers.ts';
import type { NacosApi, ServiceName, ServiceView } from './api.ts';
import type { Answer, Call } from './http.ts';
import type { Instance } from './instances.ts';
import { readInstances } from './read-instance.ts';
import type { NacosSession } from './session.ts';

export const V3_LOGIN = '/v3/auth/user/login';

const SERVICE = '/v3/admin/ns/service';
const INSTANCE = '/v3/admin/ns/instance';
const SERVICE_EXISTS = 21007;
const SERVICE_MISSING = 21008;
const SERVICE_NOT_EMPTY = 21009;
const NAMESPACE_MISSING = 22001;

/** The admin API of Nacos 3. */
export function v3Api(session: NacosSession, name: ServiceName): NacosApi {
  const { namespace, group, service, clusterName } = name;
  const address = { namespaceId: namespace, groupName: group, serviceName: service };

  const refused = (answer: Answer, doing: string) => refusal(answer, 'v3', doing, service);
  const call = async (doing: string, method: string, path: string, query: Call['query'], tolerate?: Tolerated) => {
    const answer = await session.call({ method, path, query: { ...address, ...query } });
    if (answer.status !== 200 && tolerate?.(answer) !== true) throw refused(answer, doing);
    return answer;
  };
  const said = (instance: Instance) => ({
    ...ofInstance(instance, clusterName),
    weight: String(instance.weight),
    enabled: String(instance.enabled),
    healthy: String(instance.healthy),
    metadata: JSON.stringify(instance.metadata),
  });

  return {
    generation: 'v3',

    async service(): Promise<ServiceView | undefined> {
      const answer = await call('read the service', 'GET', SERVICE, {}, says(SERVICE_MISSING));
      if (answer.status !== 200) return undefined;
      const data = dataOf(answer);
      const clusters = objectOr(data.clusterMap);
      const cluster = objectOr(clusters[clusterName]);
      return {
        ephemeral: data.ephemeral === true,
        healthUnchecked: objectOr(cluster.healthChecker).type === 'NONE',
        configured:
          Object.keys(objectOr(data.metadata)).length > 0 ||
          data.protectThreshold !== 0 ||
          objectOr(data.selector).type !== 'none',
      };
    },

    async createService() {
      await call('create the service', 'POST', SERVICE, { ephemeral: 'false' }, says(SERVICE_EXISTS));
    },

    async leaveHealthAlone() {
      await call('set the health checker', 'PUT', '/v3/admin/ns/cluster', {
        clusterName,
        checkPort: '80',
        useInstancePort4Check: 'true',
        healthChecker: JSON.stringify({ type: 'NONE' }),
      });
    },

    async instances() {
      const answer = await call('list the instances', 'GET', `${INSTANCE}/list`, { clusterName }, isAbsent);
      if (answer.status !== 200) return [];
      const found = readInstances(parseObject(answer).data);
      if (found === undefined) throw notNacos(answer);
      return found;
    },

    async register(instance) {
      await call('register an instance', 'POST', INSTANCE, said(instance));
    },

    async override(instance) {
      await call('update an instance', 'PUT', INSTANCE, said(instance));
    },

    async deregister(instance) {
      await call('remove an instance', 'DELETE', INSTANCE, ofInstance(instance, clusterName), isAbsent);
    },

    async deleteService() {
      await call('remove the service', 'DELETE', SERVICE, {}, says(SERVICE_NOT_EMPTY, SERVICE_MISSING));
    },
  };
}

type Tolerated = (answer: Answer) => boolean;

const ofInstance = ({ ip, port }: Instance, clusterName: string) => ({
  ip,
  port: String(port),
  clusterName,
  ephemeral: 'false',
});

/** Rejects if the namespace does not exist: Nacos would register into it anyway, where nobody sees it. */
export async function checkNamespace(session: NacosSession, namespace: string): Promise<void> {
  if (namespace === 'public') return;
  const path = '/v3/admin/core/namespace';
  const answer = await session.call({ method: 'GET', path, query: { namespaceId: namespace } });
  if (answer.status === 200) return;
  if (codeOf(answer) === NAMESPACE_MISSING)
    throw new WsClusterError(
      'REGISTRY_UNAVAILABLE',
      `Nacos at ${answer.server} has no namespace with the id ${namespace}: create it, or use the id of another one`,
    );
  throw refusal(answer, 'v3', 'read the namespace', '');
}

const codeOf = (answer: Answer): unknown => {
  try {
    return objectOr(JSON.parse(answer.text)).code;
  } catch {
    return undefined;
  }
};

const says =
  (...codes: number[]): Tolerated =>
  (answer) =>
    codes.some((code) => codeOf(answer) === code);

/** The service, its cluster or the instance does not exist. */
const isAbsent = (answer: Answer): boolean =>
  answer.status === 404 && !isMissing(answer) && typeof codeOf(answer) === 'number';

function dataOf(answer: Answer): Record<string, unknown> {
  const { data } = parseObject(answer);
  if (typeof data !== 'object' || data === null) throw notNacos(answer);
  return data as Record<string, unknown>;
}

function objectOr(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
