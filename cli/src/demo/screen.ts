import { frame, type Scene, statusLine } from './frame.ts';

/** Where the demo is shown. */
export interface Screen {
  show(scene: Scene): void;
  /** Something happened that deserves its own line. */
  note(text: string): void;
  /** Leaves the last picture on the screen, and restores the terminal. */
  close(): void;
}

const HIDE_CURSOR = '\x1b[?25l';
const SHOW_CURSOR = '\x1b[?25h';
/** Lines of notes in the picture. */
const NOTES = 6;
/** Milliseconds between two status lines. */
const STATUS_MS = 2000;

/** Draws in a terminal, each picture over the one before. */
export function drawnScreen(output: NodeJS.WriteStream, keys: boolean): Screen {
  const notes: string[] = [];
  let height = 0;
  // However this process ends, the cursor is visible again.
  const restore = () => output.write(SHOW_CURSOR);
  process.once('exit', restore);
  output.write(HIDE_CURSOR);
  return {
    show(scene) {
      const lines = frame(scene, notes, keys, output.columns);
      // A picture that is higher than the terminal could not be overwritten.
      const shown = lines.slice(0, Math.max(1, output.rows - 1));
      const back = height === 0 ? '\r' : `\r\x1b[${height}A`;
      output.write(`${back}\x1b[J${shown.join('\n')}\n`);
      height = shown.length;
    },
    note(text) {
      notes.push(text);
      if (notes.length > NOTES) notes.shift();
    },
    close() {
      process.off('exit', restore);
      restore();
    },
  };
}

/** Plain lines: each note, and the state every 2 s. */
export function plainScreen(output: NodeJS.WritableStream): Screen {
  const begun = performance.now();
  let last = begun;
  const line = (text: string) => output.write(`+${((performance.now() - begun) / 1000).toFixed(1)} s  ${text}\n`);
  return {
    show(scene) {
      if (performance.now() - last < STATUS_MS) return;
      last = performance.now();
      line(statusLine(scene));
    },
    note: line,
    close() {},
  };
}
