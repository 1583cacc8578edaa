/** Where scanTo stops: at the end of a frame, a message, or a Close frame. */
export type Boundary = 'frame' | 'message' | 'close';

/**
 * Follows the WebSocket frames of one direction of a connection by their headers. It must see every byte after the 101.
 * It keeps a few numbers and no bytes, so it allocates nothing per chunk.
 */
export class FrameScanner {
  /** Bytes read of the current header; 0 if none has begun. */
  #headerRead = 0;
  /** Size of the current header, which is known once its second byte is read. */
  #headerSize = 2;
  /** Offset in the header at which the extended length ends and the mask begins. */
  #lengthEnd = 2;
  #firstByte = 0;
  #payloadSize = 0;
  /** Payload bytes of the current frame that are still to come. */
  #payloadLeft = 0;
  #inFragmentedMessage = false;
  #closeSeen = false;
  #messages = 0;

  /** Every frame that has begun has ended, so a frame may be inserted here. */
  get atFrameBoundary(): boolean {
    return this.#headerRead === 0 && this.#payloadLeft === 0;
  }

  /** A whole Close frame has passed; nothing may follow it. */
  get closeSeen(): boolean {
    return this.#closeSeen;
  }

  /** Messages that have ended since this was last called. */
  takeMessages(): number {
    const messages = this.#messages;
    this.#messages = 0;
    return messages;
  }

  /** Follows a whole chunk. */
  scan(chunk: Uint8Array): void {
    this.#run(chunk, undefined);
  }

  /**
   * Follows a chunk up to the first such boundary and returns its offset in the chunk: 0 if the scanner is already at
   * one, -1 if the chunk has none. The end of a Close frame counts as every kind of boundary.
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

  /** Reads header bytes and returns the offset after them. headerRead is 0 once the header is complete. */
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
      // Above 2^53 this is not exact, but such a frame never ends.
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
    // Control frames may come between the frames of a message, and do not end it.
    else if (opcode < 0x8) {
      this.#inFragmentedMessage = this.#firstByte < 0x80;
      if (!this.#inFragmentedMessage) this.#messages++;
    }
  }
}
