/** A text that may change while the process runs, such as a URL with a password that is rotated. */
export interface LiveText {
  /** The present text: whoever uses it more than once takes it anew each time. */
  readonly value: string;
  /** The file that it comes from, for who hands it on to another process; undefined when it comes from none. */
  readonly file: string | undefined;
  /** Calls `listener` after each change, which must not throw. Returns how to end that. */
  onChange(listener: () => void): () => void;
}

/** What takes a live text also takes one that never changes. */
export type TextSource = string | LiveText;

export function liveText(text: TextSource): LiveText {
  return typeof text === 'string' ? fixedText(text) : text;
}

export function fixedText(value: string): LiveText {
  return { value, file: undefined, onChange: () => () => {} };
}

/** A text that the program itself sets. */
export interface SettableText extends LiveText {
  /** The listeners are called before it returns, and not when it is the same text. */
  set(text: string): void;
}

export function settableText(first: string): SettableText {
  const listeners = new Listeners();
  let value = first;
  return {
    get value() {
      return value;
    },
    file: undefined,
    onChange: (listener) => listeners.add(listener),
    set(text) {
      if (text === value) return;
      value = text;
      listeners.call();
    },
  };
}

/** Each call of `add` is a registration of its own, also of the same function. */
export class Listeners {
  readonly #listeners = new Set<{ readonly listener: () => void }>();

  get size(): number {
    return this.#listeners.size;
  }

  add(listener: () => void): () => void {
    const entry = { listener };
    this.#listeners.add(entry);
    return () => void this.#listeners.delete(entry);
  }

  call(): void {
    for (const { listener } of [...this.#listeners]) listener();
  }
}
