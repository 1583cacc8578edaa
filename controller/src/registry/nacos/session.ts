import { WsClusterError } from '@wscluster/ring';
import { isMissing, notNacos, parseObject } from './answers.ts';
import type { Answer, Call, NacosHttp } from './http.ts';

/** A user, for whom a token is fetched as needed, or a token that is valid as it is. */
export type NacosCredentials = { readonly username: string; readonly password: string } | { readonly token: string };

/** A token is replaced before it ends. */
const USED_SHARE_OF_LIFE = 0.9;
/** A server without a login is asked again after this time, in milliseconds. */
const NO_LOGIN_MS = 60_000;

interface Token {
  /** Undefined: the server has no login, so it wants no token. */
  readonly value: string | undefined;
  readonly until: number;
}

/** Calls with the rights of `credentials`. Token and password travel in headers and bodies, never in a URL. */
export class NacosSession {
  readonly #http: Pick<NacosHttp, 'call'>;
  readonly #credentials: NacosCredentials | undefined;
  readonly #loginPath: string;
  #token: Promise<Token> | undefined;

  constructor(http: Pick<NacosHttp, 'call'>, credentials: NacosCredentials | undefined, loginPath: string) {
    this.#http = http;
    this.#credentials = credentials;
    this.#loginPath = loginPath;
  }

  /** As `NacosHttp.call`, with the token; once more with a new one when the server wants none of the old one. */
  async call(call: Call): Promise<Answer> {
    const used = this.#token;
    const answer = await this.#http.call(withToken(call, await this.#current()));
    const denied = answer.status === 401 || answer.status === 403;
    if (!denied || used === undefined || this.#credentials === undefined || 'token' in this.#credentials) return answer;
    if (this.#token === used) this.#token = undefined;
    return this.#http.call(withToken(call, await this.#current()));
  }

  async #current(): Promise<string | undefined> {
    if (this.#credentials === undefined) return undefined;
    if ('token' in this.#credentials) return this.#credentials.token;
    const { username, password } = this.#credentials;
    if (this.#token !== undefined && (await this.#token).until <= performance.now()) this.#token = undefined;
    if (this.#token === undefined) {
      const login = this.#login(username, password);
      this.#token = login;
      // A failed login is tried again by the next call, not remembered.
      login.catch(() => {
        if (this.#token === login) this.#token = undefined;
      });
    }
    return (await this.#token).value;
  }

  async #login(username: string, password: string): Promise<Token> {
    const asked = performance.now();
    const answer = await this.#http.call({ method: 'POST', path: this.#loginPath, form: { username, password } });
    if (isMissing(answer)) return { value: undefined, until: asked + NO_LOGIN_MS };
    // Some versions answer a wrong password with 500.
    if (answer.status !== 200)
      throw new WsClusterError(
        'REGISTRY_UNAVAILABLE',
        `Nacos at ${answer.server} does not let the user ${username} in (HTTP ${answer.status}): check user name and ` +
          'password of the registry',
      );
    const { accessToken, tokenTtl } = parseObject(answer);
    if (typeof accessToken !== 'string' || typeof tokenTtl !== 'number')
      throw notNacos({ ...answer, text: 'no token' });
    return { value: accessToken, until: asked + tokenTtl * 1000 * USED_SHARE_OF_LIFE };
  }
}

function withToken(call: Call, token: string | undefined): Call {
  return token === undefined ? call : { ...call, headers: { ...call.headers, authorization: `Bearer ${token}` } };
}
