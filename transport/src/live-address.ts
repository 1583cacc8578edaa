import { messageOf } from '@wscluster/ring';
import { type LiveText, type Logger, liveText, type TextSource } from '@wscluster/service';

export interface LiveAddressOptions<A> {
  /** First word of the events: `bus` makes `bus-url-changed`, `bus-url-refused`. */
  readonly what: string;
  readonly url: TextSource;
  /** Throws for an invalid URL, without quoting it. */
  parse(url: string): A;
  readonly log: Logger;
}

/**
 * The current address of a server whose URL may change; each change creates a new object. An invalid URL changes
 * nothing and is logged once.
 */
export class LiveAddress<A extends { readonly text: string }> {
  readonly #options: LiveAddressOptions<A>;
  readonly #url: LiveText;
  /** The last URL seen, valid or not. */
  #seen: string;
  #value: A;

  /** Throws what `parse` throws if the first URL is invalid. */
  constructor(options: LiveAddressOptions<A>) {
    this.#options = options;
    this.#url = liveText(options.url);
    this.#seen = this.#url.value;
    this.#value = options.parse(this.#seen);
  }

  get value(): A {
    this.#look();
    return this.#value;
  }

  /** Calls `listener` after each change of address or credentials. Returns a function that ends this. */
  onChange(listener: () => void): () => void {
    let told = this.value;
    return this.#url.onChange(() => {
      if (this.value === told) return;
      told = this.#value;
      listener();
    });
  }

  #look(): void {
    const { what, parse, log } = this.#options;
    const url = this.#url.value;
    if (url === this.#seen) return;
    this.#seen = url;
    try {
      this.#value = parse(url);
    } catch (error) {
      const action = 'correct the URL; no restart is needed';
      log.warn({ event: `${what}-url-refused`, action }, `${messageOf(error)}; the previous URL stays in use`);
      return;
    }
    const { text } = this.#value;
    log.info(
      { event: `${what}-url-changed`, address: text },
      `address or credentials have changed, reconnecting to ${text}`,
    );
  }
}
