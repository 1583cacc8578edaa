import { messageOf } from '@wscluster/ring';
import { type LiveText, type Logger, liveText, type TextSource } from '@wscluster/service';

export interface LiveAddressOptions<A> {
  /** First word of the events: `bus` makes `bus-url-changed`, `bus-url-refused`. */
  readonly what: string;
  readonly url: TextSource;
  /** Throws for a URL that is none, without citing it. */
  parse(url: string): A;
  readonly log: Logger;
}

/**
 * Where a server is now, by a URL that may change; each change makes another object. A URL that is not valid changes
 * nothing, and is told once.
 */
export class LiveAddress<A extends { readonly text: string }> {
  readonly #options: LiveAddressOptions<A>;
  readonly #url: LiveText;
  /** The last URL that was looked at, valid or not. */
  #seen: string;
  #value: A;

  /** Throws what `parse` throws when the first URL is not valid. */
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

  /** Calls `listener` after each change to another address or other credentials. Returns how to end that. */
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
      const action = 'correct the URL; it is taken without a restart';
      log.warn({ event: `${what}-url-refused`, action }, `${messageOf(error)}; the one before stays in use`);
      return;
    }
    const { text } = this.#value;
    log.info(
      { event: `${what}-url-changed`, address: text },
      `credentials or address changed, connecting anew to ${text}`,
    );
  }
}
