import { Listeners } from './listeners.ts';

/** A text that may change while the process runs, such as a URL with a password that is rotated. */
export interface LiveText {
  /** The current text. Read it again for each use. */
  readonly value: string;
  /** The file that it comes from, for passing it on to another process; undefined if it does not come from a file. */
  readonly file: string | undefined;
  /** Calls `listener`, which must not throw, after each change. Returns a function that ends this. */
  onChange(listener: () => void): () => void;
}

/** A live text, or one that never changes. */
export type TextSource = string | LiveText;

export function liveText(text: TextSource): LiveText {
  return typeof text === 'string' ? fixedText(text) : text;
}

export function fixedText(value: string): LiveText {
  return { value, file: undefined, onChange: () => () => {} };
}

/** A live text that the program itself sets. */
export interface SettableText extends LiveText {
  /** Calls the listeners before it returns, unless the text is the same. */
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
