/** Enough for the browsers and libraries that are around. */
const MAX_TEXTS = 256;
const MAX_LENGTH = 4_096;

/** Texts that are equal for many connections, kept once: the last ones that were asked for, by their content. */
export class SharedTexts {
  readonly #texts = new Map<string, string>();

  /** An equal text, which keeps no other one in memory. */
  share(text: string): string {
    const known = this.#texts.get(text) ?? flatCopy(text);
    if (known.length > MAX_LENGTH) return known;
    this.#texts.delete(known);
    this.#texts.set(known, known);
    if (this.#texts.size > MAX_TEXTS) this.#texts.delete(this.#texts.keys().next().value as string);
    return known;
  }
}

/** A copy of a text of bytes: a part of a string would keep the whole one in memory. */
export function flatCopy(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}
