import { messageOf, WsClusterError } from '@wscluster/ring';
import { type Logger, type SettableText, settableText } from '@wscluster/service';
import type { SecretKeyRef } from '../cluster/brokers-schema.ts';
import type { Kube } from '../kubernetes/kube.ts';
import type { KubeObject } from '../kubernetes/object.ts';
import { readObject } from '../kubernetes/objects.ts';
import { RESOURCES } from '../kubernetes/resources.ts';

interface SecretObject extends KubeObject {
  /** Base64. */
  readonly data?: Readonly<Record<string, string>>;
}

/** Secrets are read again this often, ms: to watch them, all secrets of the namespace would have to be readable as a list. */
const LOOK_MS = 10_000;

export interface SecretsParts {
  readonly kube: Kube;
  readonly namespace: string;
  readonly log: Logger;
}

/** The secrets to which a WsCluster refers, kept current until closed. */
export class Secrets {
  readonly #parts: SecretsParts;
  readonly #texts: { readonly text: SettableText; read(): Promise<string> }[] = [];
  readonly #timer: NodeJS.Timeout;
  #problem: string | undefined;

  constructor(parts: SecretsParts) {
    this.#parts = parts;
    this.#timer = setInterval(() => void this.#lookAgain(), LOOK_MS);
  }

  /** Why a secret cannot be read any more; what it held counts meanwhile. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** A URL. Rejects with CONFIG_INVALID, naming `field`, when Secret or key is missing or holds no such URL. */
  async url(field: string, { name, key }: SecretKeyRef, protocol: RegExp): Promise<SettableText> {
    const read = async () => {
      const url = (await this.#read(field, name))[key]?.trim();
      if (url === undefined)
        throw new WsClusterError('CONFIG_INVALID', `${field}: the Secret ${name} has no key ${key}`, { field });
      if (!URL.canParse(url) || !protocol.test(new URL(url).protocol))
        throw new WsClusterError('CONFIG_INVALID', `${field}: ${key} of the Secret ${name} is not such a URL`, {
          field,
        });
      return url;
    };
    const text = settableText(await read());
    this.#texts.push({ text, read });
    return text;
  }

  /** All values of a Secret. Rejects with CONFIG_INVALID, naming `field`, when it is missing. */
  async values(field: string, name: string): Promise<{ current(): Readonly<Record<string, string>> }> {
    const read = async () => JSON.stringify(await this.#read(field, name));
    const text = settableText(await read());
    this.#texts.push({ text, read });
    return { current: () => JSON.parse(text.value) };
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #read(field: string, name: string): Promise<Readonly<Record<string, string>>> {
    const { kube, namespace } = this.#parts;
    const secret = await readObject<SecretObject>(kube, { resource: RESOURCES.secrets, namespace, name });
    if (secret === undefined)
      throw new WsClusterError('CONFIG_INVALID', `${field}: there is no Secret ${name} in the namespace ${namespace}`, {
        field,
      });
    return Object.fromEntries(
      Object.entries(secret.data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')]),
    );
  }

  async #lookAgain(): Promise<void> {
    let problem: string | undefined;
    for (const { text, read } of this.#texts)
      try {
        text.set(await read());
      } catch (error) {
        // An API server that is away is told elsewhere.
        if (error instanceof WsClusterError && error.code === 'CONFIG_INVALID') problem = messageOf(error);
      }
    if (problem !== undefined && problem !== this.#problem)
      this.#parts.log.warn(
        { event: 'secret-unusable', action: 'mend the Secret; what it held before counts meanwhile' },
        problem,
      );
    this.#problem = problem;
  }
}
