import { isMissing, notNacos, parseObject, refusal } from './answers.ts';
import type { NacosApi, ServiceName } from './api.ts';
import type { NacosHttp } from './http.ts';
import { type CredentialsProvider, NacosSession } from './session.ts';
import { V1_LOGIN, v1Api } from './v1.ts';
import { checkNamespace, V3_LOGIN, v3Api } from './v3.ts';

export interface ChosenApi {
  readonly api: NacosApi;
  /** Version of the server; undefined where it does not say (1.x and 2.x). */
  readonly version: string | undefined;
}

/** The API for these servers: the requested one, or with `auto` v3 where the server has it, else v1. */
export async function chooseApi(
  http: NacosHttp,
  wanted: 'auto' | 'v1' | 'v3',
  name: ServiceName,
  credentials: CredentialsProvider,
): Promise<ChosenApi> {
  const state = wanted === 'v1' ? undefined : await v3State(http);
  if (wanted === 'v3' || state !== undefined) {
    const session = new NacosSession(http, credentials, V3_LOGIN);
    await checkNamespace(session, name.namespace);
    return { api: v3Api(session, name), version: state?.version };
  }
  if (wanted === 'auto') {
    const answer = await http.call({ method: 'GET', path: '/v1/ns/operator/metrics' });
    if (isMissing(answer)) throw notNacos(answer);
  }
  return { api: v1Api(new NacosSession(http, credentials, V1_LOGIN), name), version: undefined };
}

/** Undefined: there is no v3 API. It answers without credentials. */
async function v3State(http: NacosHttp): Promise<{ version: string | undefined } | undefined> {
  const answer = await http.call({ method: 'GET', path: '/v3/admin/core/state' });
  if (isMissing(answer)) return undefined;
  if (answer.status >= 500) throw refusal(answer, 'v3', 'say its state', '');
  if (answer.status !== 200) return { version: undefined };
  const { data } = parseObject(answer);
  const version = (data as { version?: unknown } | undefined)?.version;
  if (version === undefined) throw notNacos(answer);
  return { version: String(version) };
}
