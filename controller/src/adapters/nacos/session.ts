import { WsClusterError } from '@wscluster/ring';
import { isMissing, notNacos, parseObject } from './answers.ts';
import type { Answer, Call, NacosHttp } from './http.ts';

interface NacosUser {
  readonly username: string;
  readonly password: string;
}

/** A user, for whom a token is fetched when needed, or a token that is already valid. */
export type NacosCredentials = NacosUser | { readonly token: string };

/** Returns the present credentials, which may be rotated; undefined if there are none. Must not throw. */
export type CredentialsProvider = () => NacosCredentials | undefined;

/** The part of its lifetime after which a token is replaced. */
const USED_SHARE_OF_LIFE = 0.9;
/** A server without a login is asked again after this time, in milliseconds. */
const NO_LOGIN_MS = 60_000;

interface Token {
  /** Undefined: the server has no login, so it needs no token. */
  readonly value: string | undefined;
  readonly until: number;
}

/** Makes calls with the present `credentials`. Token and password travel in headers and bodies, never in a URL. */
export class NacosSession {
  readonly #http: Pick<NacosHttp, 'call'>;
  readonly #credentials: CredentialsProvider;
  readonly #loginPath: string;
  /** The last login. A login with former credentials is used until the server refuses it. */
  #login: Promise<Token> | undefined;

  constructor(http: Pick<NacosHttp, 'call'>, credentials: CredentialsProvider, loginPath: string) {
    this.#http = http;
    this.#credentials = credentials;
    this.#loginPath = loginPath;
  }

  /** Like `NacosHttp.call`, with the token; once more with a new token if the server refuses the old one. */
  async call(call: Call): Promise<Answer> {
    const login = this.#login;
    const used = await this.#current();
    const answer = await this.#http.call(withToken(call, used));
    if (answer.status !== 401 && answer.status !== 403) return answer;
    if (login !== undefined && this.#login === login) this.#login = undefined;
    // The answer stays the same without another token, or right after a login.
    if (login === undefined && this.#login !== undefined) return answer;
    const present = await this.#current();
    return present === used ? answer : this.#http.call(withToken(call, present));
  }

  async #current(): Promise<string | undefined> {
    const credentials = this.#credentials();
    if (credentials === undefined) return undefined;
    if ('token' in credentials) return credentials.token;
    if (this.#login !== undefined && (await this.#login).until <= performance.now()) this.#login = undefined;
    if (this.#login === undefined) {
      const login = this.#logIn(credentials);
      this.#login = login;
      // A failed login is not remembered: the next call tries again.
      login.catch(() => {
        if (this.#login === login) this.#login = undefined;
      });
    }
    return (await this.#login).value;
  }

  async #logIn({ username, password }: NacosUser): Promise<Token> {
    const asked = performance.now();
    const answer = await this.#http.call({ method: 'POST', path: this.#loginPath, form: { username, password } });
    if (isMissing(answer)) return { value: undefined, until: asked + NO_LOGIN_MS };
    // Some versions answer 500 to a wrong password.
    if (answer.status !== 200)
      throw new WsClusterError(
        'REGISTRY_UNAVAILABLE',
        `Nacos at ${answer.server} refuses the user ${username} (HTTP ${answer.status}): check user name and ` +
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
