/** Where scanTo stops: at the end of a frame, of a message, or of a Close frame. */
export type Boundary = 'frame' | 'message' | 'close';

/**
 * Follows the WebSocket frames of one direction of one connection by their headers alone. It must see every byte from
 * the first one after the 101. It keeps a few numbers and no bytes, so it allocates nothing per chunk.
 */
export class FrameScanner {
  /** Bytes read of the header at hand; 0 when none has begun. */
  #headerRead = 0;
  /** Bytes of the header at hand: known once the second one is read. */
  #headerSize = 2;
  /** Offset at which the header's extended length ends and the mask begins. */
  #lengthEnd = 2;
  #firstByte = 0;
  #payloadSize = 0;
  /** Payload bytes of the frame at hand that are still to come. */
  #payloadLeft = 0;
  #inFragmentedMessage = false;
  #closeSeen = false;

  /** No frame has begun that has not ended: a frame may be put in here. */
  get atFrameBoundary(): boolean {
    return this.#headerRead === 0 && this.#payloadLeft === 0;
  }

  /** A whole Close frame has gone by; nothing may follow it. */
  get closeSeen(): boolean {
    return this.#closeSeen;
  }

  /** Follows a whole chunk. */
  scan(chunk: Uint8Array): void {
    this.#run(chunk, undefined);
  }

  /**
   * Follows a chunk up to the first wanted boundary and returns its offset in the chunk: 0 when it is there already,
   * -1 when the whole chunk was followed without one. The end of a Close frame counts as every kind of boundary.
   */
  scanTo(chunk: Uint8Array, boundary: Boundary): number {
    return this.isAt(boundary) ? 0 : this.#run(chunk, boundary);
  }

  isAt(boundary: Boundary): boolean {
    if (this.#headerRead !== 0 || this.#payloadLeft !== 0) return false;
    if (this.#closeSeen || boundary === 'frame') return true;
    return boundary === 'message' && !this.#inFragmentedMessage;
  }

  #run(chunk: Uint8Array, boundary: Boundary | undefined): number {
    const end = chunk.length;
    let at = 0;
    while (at < end) {
      if (this.#payloadLeft > 0) {
        const here = end - at;
        if (here < this.#payloadLeft) {
          this.#payloadLeft -= here;
          return -1;
        }
        at += this.#payloadLeft;
        this.#payloadLeft = 0;
      } else {
        at = this.#readHeader(chunk, at, end);
        if (this.#headerRead !== 0) continue;
        if (this.#payloadSize > 0) {
          this.#payloadLeft = this.#payloadSize;
          continue;
        }
      }
      this.#endFrame();
      if (boundary !== undefined && this.isAt(boundary)) return at;
    }
    return -1;
  }

  /** Reads header bytes; leaves headerRead at 0 when the header is complete. Returns the offset after them. */
  #readHeader(chunk: Uint8Array, from: number, end: number): number {
    let at = from;
    let read = this.#headerRead;
    if (read === 0) {
      this.#firstByte = chunk[at++] as number;
      this.#headerSize = 2;
      read = 1;
    }
    if (read === 1 && at < end) {
      const second = chunk[at++] as number;
      const short = second & 0x7f;
      this.#lengthEnd = short < 126 ? 2 : short === 126 ? 4 : 10;
      this.#payloadSize = short < 126 ? short : 0;
      this.#headerSize = this.#lengthEnd + (second > 0x7f ? 4 : 0);
      read = 2;
    }
    for (; read > 1 && read < this.#lengthEnd && at < end; read++)
      // Beyond 2^53 this is no longer exact, and no such frame ever ends.
      this.#payloadSize = this.#payloadSize * 256 + (chunk[at++] as number);
    if (read >= this.#lengthEnd && read > 1) {
      const mask = Math.min(this.#headerSize - read, end - at);
      read += mask;
      at += mask;
    }
    this.#headerRead = read > 1 && read === this.#headerSize ? 0 : read;
    return at;
  }

  #endFrame(): void {
    const opcode = this.#firstByte & 0x0f;
    if (opcode === 0x8) this.#closeSeen = true;
    // Control frames may come between the frames of a message and do not end it.
    else if (opcode < 0x8) this.#inFragmentedMessage = this.#firstByte < 0x80;
  }
}
