/** Enough for the browsers and libraries that are around. */
const MAX_TEXTS = 256;
const MAX_LENGTH = 4_096;

interface Entry<T> {
  readonly text: string;
  readonly made: T;
}

/** What is made of texts that are equal for many connections, kept once: for the last texts that were asked for. */
export class Shared<T> {
  readonly #make: (text: string) => T;
  readonly #entries = new Map<string, Entry<T>>();

  constructor(make: (text: string) => T) {
    this.#make = make;
  }

  /** What is made of an equal text, which keeps no other one in memory. */
  of(text: string): T {
    const entry = this.#entries.get(text) ?? this.#entry(text);
    if (entry.text.length > MAX_LENGTH) return entry.made;
    this.#entries.delete(entry.text);
    this.#entries.set(entry.text, entry);
    if (this.#entries.size > MAX_TEXTS) this.#entries.delete(this.#entries.keys().next().value as string);
    return entry.made;
  }

  #entry(given: string): Entry<T> {
    const text = flatCopy(given);
    return { text, made: this.#make(text) };
  }
}

/** A copy of a text of bytes: a part of a string would keep the whole one in memory. */
export function flatCopy(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}
