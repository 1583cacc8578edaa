import { messageOf, WsClusterError } from '@wscluster/ring';
import { inBackground, type Logger, type SettableText, settableText, Trouble } from '@wscluster/service';
import type { SecretKeyRef } from '../../core/spec/brokers-schema.ts';
import { refusalOf } from '../client/api-error.ts';
import type { Kube } from '../client/kube.ts';
import type { KubeObject } from '../client/object.ts';
import { readObject } from '../client/objects.ts';
import { RESOURCES } from '../client/resources.ts';

interface SecretObject extends KubeObject {
  /** Base64. */
  readonly data?: Readonly<Record<string, string>>;
}

type Values = Readonly<Record<string, string>>;

/** How often Secrets are read again, ms. A watch would need permission to list all Secrets of the namespace. */
const LOOK_MS = 10_000;

/** Each of these sets of keys is enough for credentials. */
const CREDENTIALS: readonly (readonly string[])[] = [['token'], ['username', 'password']];

export interface SecretsParts {
  readonly kube: Kube;
  readonly namespace: string;
  /** Id of the cluster, for log lines. */
  readonly log: Logger;
}

/** One text that is made from a Secret. */
interface Source {
  readonly field: string;
  readonly secret: string;
  readonly text: SettableText;
  /** Throws CONFIG_INVALID. */
  take(values: Values): string;
}

/** The Secrets that a WsCluster refers to, kept current until closed. */
export class Secrets {
  readonly #parts: SecretsParts;
  readonly #sources: Source[] = [];
  readonly #timer: NodeJS.Timeout;
  #looking = false;
  #closed = false;
  readonly #trouble: Trouble;

  constructor(parts: SecretsParts) {
    this.#parts = parts;
    this.#trouble = new Trouble(parts.log);
    this.#timer = setInterval(() => inBackground(parts.log, 'secrets-look-broken', this.#lookAgain()), LOOK_MS);
  }

  /** Why a Secret is unusable; its last value stays in use meanwhile. */
  get problem(): string | undefined {
    return this.#trouble.problem;
  }

  /** A URL. Rejects with CONFIG_INVALID naming `field` if the Secret or its key is missing, or holds no such URL. */
  async url(field: string, { name, key }: SecretKeyRef, protocol: RegExp): Promise<SettableText> {
    return await this.#follow(field, name, (values) => {
      const url = values[key]?.trim();
      if (url === undefined) throw invalid(field, `the Secret ${name} has no key ${key}`);
      if (!isUrl(url, protocol)) throw invalid(field, `${key} of the Secret ${name} is not such a URL`);
      return url;
    });
  }

  /**
   * The values of a Secret with credentials. Rejects with CONFIG_INVALID naming `field` if it is missing, or has
   * neither a token nor username and password.
   */
  async values(field: string, name: string): Promise<{ current(): Values }> {
    const text = await this.#follow(field, name, (values) => {
      if (!CREDENTIALS.some((keys) => keys.every((key) => values[key]))) {
        const needed = CREDENTIALS.map((keys) => keys.join(' and ')).join(', or ');
        throw invalid(field, `the Secret ${name} needs the key ${needed}, not empty`);
      }
      return JSON.stringify(values);
    });
    return { current: () => JSON.parse(text.value) };
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
  }

  async #follow(field: string, secret: string, take: (values: Values) => string): Promise<SettableText> {
    const text = settableText(take(valuesOf(await this.#read(secret), field, this.#missing(secret))));
    this.#sources.push({ field, secret, text, take });
    return text;
  }

  #missing(secret: string): string {
    return `there is no Secret ${secret} in the namespace ${this.#parts.namespace}`;
  }

  async #read(name: string): Promise<SecretObject | undefined> {
    const { kube, namespace } = this.#parts;
    return await readObject<SecretObject>(kube, { resource: RESOURCES.secrets, namespace, name });
  }

  /** One at a time: an older answer must not replace a newer one. */
  async #lookAgain(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    let problem: string | undefined;
    let isUnknown = false;
    for (const name of new Set(this.#sources.map(({ secret }) => secret)))
      try {
        const secret = await this.#read(name);
        if (this.#closed) return;
        for (const source of this.#sources.filter((one) => one.secret === name))
          problem ??= this.#takeAgain(source, secret);
      } catch (error) {
        // An unavailable API server is reported elsewhere.
        if (refusalOf(error)?.status === 403) problem ??= messageOf(error);
        else isUnknown = true;
      }
    this.#looking = false;
    if (this.#closed) return;
    const action = 'correct the Secret; its previous values stay in use meanwhile';
    if (problem !== undefined) this.#trouble.failed({ event: 'secret-unusable', action }, problem);
    else if (!isUnknown)
      this.#trouble.recovered({ event: 'secret-usable-again' }, 'the Secrets of the WsCluster are usable again');
  }

  /** Why the text stays as it was; undefined if it was taken. */
  #takeAgain({ field, secret, text, take }: Source, read: SecretObject | undefined): string | undefined {
    let value: string;
    try {
      value = take(valuesOf(read, field, this.#missing(secret)));
    } catch (error) {
      return messageOf(error);
    }
    text.set(value);
    return undefined;
  }
}

function valuesOf(secret: SecretObject | undefined, field: string, missing: string): Values {
  if (secret === undefined) throw invalid(field, missing);
  return Object.fromEntries(
    Object.entries(secret.data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')]),
  );
}

function isUrl(url: string, protocol: RegExp): boolean {
  const parts = URL.parse(url);
  if (parts === null || !protocol.test(parts.protocol) || parts.hostname === '') return false;
  try {
    // Their users decode user and password.
    decodeURIComponent(parts.username + parts.password + parts.pathname);
    return true;
  } catch {
    return false;
  }
}

function invalid(field: string, what: string): WsClusterError {
  return new WsClusterError('CONFIG_INVALID', `${field}: ${what}`, { field });
}
