import { writeSync } from 'node:fs';

/** Milliseconds until a pipe that is full is tried again. */
const BUSY_MS = 10;

/**
 * A file descriptor, by default standard output, for lines of a log. A line that cannot be written, because the disk is
 * full or the reader is gone, is lost: a log must not end its process. A slow reader is waited for.
 */
export function standardOutput(fd = 1): { write(line: string): void } {
  const sleeper = new Int32Array(new SharedArrayBuffer(4));
  return {
    write(line) {
      let rest = Buffer.from(line);
      while (rest.length > 0) {
        try {
          rest = rest.subarray(writeSync(fd, rest));
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return;
          Atomics.wait(sleeper, 0, 0, BUSY_MS);
        }
      }
    },
  };
}
