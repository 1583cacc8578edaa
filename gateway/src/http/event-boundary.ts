const LF = 10;
const CR = 13;

/**
 * Finds where whole events of an event stream end: behind a blank line (WHATWG HTML, 9.2.6). Lines end in LF, CR or
 * CR LF.
 */
export class EventBoundary {
  /**
   * Line ends in a row behind which nothing has come yet; 2 or more: an event has ended. At the start nothing has
   * begun.
   */
  #lineEnds = 2;
  #afterCr = false;

  /** Whether all that was scanned consists of whole events. */
  get reached(): boolean {
    return this.#lineEnds >= 2;
  }

  /** Scans a chunk; the offset behind its first whole event, or -1. All of the chunk is scanned. */
  scan(chunk: Uint8Array): number {
    let first = -1;
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at];
      if (byte === LF && this.#afterCr) {
        // The second half of a CR LF. A boundary that the CR has made includes it.
        this.#afterCr = false;
        if (first === at) first = at + 1;
        continue;
      }
      this.#afterCr = byte === CR;
      if (byte !== LF && byte !== CR) this.#lineEnds = 0;
      else if (++this.#lineEnds === 2 && first < 0) first = at + 1;
    }
    return first;
  }
}
