import { closeSync, type FSWatcher, fstatSync, ftruncateSync, openSync, readSync, watch } from 'node:fs';

/** The system tells of what is written; it is read this much later, together with what follows at once, ms. */
const GATHER_MS = 200;
/** Some file systems tell nothing, so all files are looked at this often, ms. */
const LOOK_MS = 2_000;
/** Once all of it has been read, a file of this size is emptied, bytes. */
const MAX_FILE = 1_000_000;
/** Most that is read at a look; older output beyond it is left out, bytes. */
const MAX_LOOK = 128_000;
const MAX_LINE = 4_000;
/** Lines that a node may write at once, and for each second. */
const BURST = 200;
const LINES_PER_SECOND = 20;
/** Left out output is told at most this often, ms. */
const TELL_MS = 10_000;
const NEWLINE = 0x0a;

export interface OutputSink {
  /** One line, without its end. */
  line(text: string): void;
  /** So much output was left out since the last call, bytes: the node writes too fast. */
  leftOut(bytes: number): void;
}

export interface NodeOutputOptions {
  /** How often to look at the file whatever the system tells, ms; default 2,000. */
  readonly lookMs?: number;
}

/**
 * Follows the file that a node writes its output to. A file and no pipe, because a node outlives its controller. It is
 * emptied from time to time, which the node does not notice: it only ever appends.
 */
export class NodeOutput {
  readonly #path: string;
  readonly #sink: OutputSink;
  readonly #lookMs: number;
  #fd: number | undefined;
  #position: number | undefined;
  #rest = Buffer.alloc(0);
  #timer: NodeJS.Timeout | undefined;
  #soon: NodeJS.Timeout | undefined;
  #watcher: FSWatcher | undefined;
  #lines = BURST;
  #refilledAt = performance.now();
  #leftOut = 0;
  #toldAt = Number.NEGATIVE_INFINITY;

  /** `from`: `start` for a new node; `end` for one that was found, whose earlier output is not told again. */
  constructor(path: string, from: 'start' | 'end', sink: OutputSink, { lookMs = LOOK_MS }: NodeOutputOptions = {}) {
    this.#path = path;
    this.#sink = sink;
    this.#lookMs = lookMs;
    if (from === 'start') this.#position = 0;
  }

  start(): void {
    this.look();
    this.#timer = setInterval(() => this.look(), this.#lookMs).unref();
  }

  /** Tells what has been written since the last look. */
  look(): void {
    clearTimeout(this.#soon);
    this.#soon = undefined;
    try {
      // Writable, to empty it.
      this.#fd ??= openSync(this.#path, 'r+');
      this.#watcher ??= this.#watch();
      this.#read(this.#fd);
    } catch {
      // It may not exist: nodes of an earlier version have none.
    }
    this.#tell(TELL_MS);
  }

  /** Tells the rest, and looks no more. */
  stop(): void {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.look();
    this.#watcher?.close();
    if (this.#rest.length > 0) this.#take(this.#rest);
    this.#tell(0);
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  /** Undefined where the system has no more of them: LOOK_MS does without. */
  #watch(): FSWatcher | undefined {
    const onChange = () => {
      this.#soon ??= setTimeout(() => this.look(), GATHER_MS).unref();
    };
    try {
      return watch(this.#path, { persistent: false }, onChange).on('error', () => {});
    } catch {
      return undefined;
    }
  }

  #read(fd: number): void {
    const { size } = fstatSync(fd);
    this.#position = Math.min(this.#position ?? size, size);
    if (this.#position === size) return;
    const tooMuch = size - this.#position - MAX_LOOK;
    if (tooMuch > 0) {
      this.#leftOut += tooMuch + this.#rest.length;
      this.#rest = Buffer.alloc(0);
      this.#position += tooMuch;
    }
    const chunk = Buffer.alloc(size - this.#position);
    const length = readSync(fd, chunk, 0, chunk.length, this.#position);
    this.#position += length;
    this.#split(Buffer.concat([this.#rest, chunk.subarray(0, length)]));
    if (this.#position < MAX_FILE) return;
    ftruncateSync(fd, 0);
    this.#position = 0;
  }

  #split(text: Buffer): void {
    let begin = 0;
    for (let end = text.indexOf(NEWLINE); end >= 0; end = text.indexOf(NEWLINE, begin)) {
      this.#take(text.subarray(begin, end));
      begin = end + 1;
    }
    this.#rest = Buffer.from(text.subarray(begin));
    if (this.#rest.length <= MAX_LINE) return;
    this.#take(this.#rest);
    this.#rest = Buffer.alloc(0);
  }

  #take(line: Buffer): void {
    const now = performance.now();
    this.#lines = Math.min(BURST, this.#lines + ((now - this.#refilledAt) / 1000) * LINES_PER_SECOND);
    this.#refilledAt = now;
    if (this.#lines < 1) {
      this.#leftOut += line.length + 1;
      return;
    }
    const text = String(line.subarray(0, MAX_LINE)).trimEnd();
    this.#leftOut += Math.max(0, line.length - MAX_LINE);
    if (text === '') return;
    this.#lines--;
    this.#sink.line(text);
  }

  #tell(everyMs: number): void {
    const now = performance.now();
    if (this.#leftOut === 0 || now - this.#toldAt < everyMs) return;
    this.#toldAt = now;
    this.#sink.leftOut(this.#leftOut);
    this.#leftOut = 0;
  }
}
