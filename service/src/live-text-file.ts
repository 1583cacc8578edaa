import { readFileSync } from 'node:fs';
import { messageOf, WsClusterError } from '@wscluster/ring';
import { Listeners, type LiveText } from './live-text.ts';
import { type Logger, silentLogger } from './log.ts';
import { Trouble } from './trouble.ts';

/**
 * Milliseconds between two looks at a file. It is read and not watched: Kubernetes changes a mounted secret by a symbolic
 * link two folders above, which tells a watcher of the file nothing.
 */
const LOOK_MS = 2_000;

export interface FileTextOptions {
  readonly file: string;
  /** Names the text in messages, such as `WSCLUSTER_REDIS_URL_FILE`. */
  readonly field: string;
  /** Why a text cannot be used, without citing it; undefined when it can be. */
  refuse(text: string): string | undefined;
  /** Without it a file that became unusable is not told. */
  readonly log?: Logger | undefined;
  /** Default 2,000. */
  readonly lookMs?: number;
}

/**
 * The text that a file holds, without the spaces and line breaks at its ends. It is looked at again each 2 s while
 * somebody listens, else when the value is asked for. A file that becomes unreadable, empty or unusable changes nothing:
 * it is told in one line, and the last good text stays. Throws CONFIG_INVALID, naming field and file, when there is none
 * at first.
 */
export function fileText(options: FileTextOptions): LiveText {
  return new FileText(options);
}

class FileText implements LiveText {
  readonly #options: FileTextOptions;
  readonly #listeners = new Listeners();
  #value: string;
  readonly #trouble: Trouble;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: FileTextOptions) {
    this.#options = options;
    this.#trouble = new Trouble(options.log ?? silentLogger);
    this.#value = this.#read();
  }

  get file(): string {
    return this.#options.file;
  }

  get value(): string {
    if (this.#timer === undefined) this.#look();
    return this.#value;
  }

  onChange(listener: () => void): () => void {
    this.#timer ??= setInterval(() => this.#look(), this.#options.lookMs ?? LOOK_MS).unref();
    const remove = this.#listeners.add(listener);
    return () => {
      remove();
      if (this.#listeners.size > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
    };
  }

  /** What tells it from another option; never the text, which may be a secret. */
  toJSON(): { file: string } {
    return { file: this.file };
  }

  #look(): void {
    const { file, field } = this.#options;
    let text: string;
    try {
      text = this.#read();
    } catch (error) {
      const why = messageOf(error);
      const action = 'put a usable value into the file; no restart is needed';
      this.#trouble.failed(
        { event: 'option-file-unusable', field, file, action },
        `${why}; the value before goes on`,
        why,
      );
      return;
    }
    this.#trouble.recovered({ event: 'option-file-usable', field, file }, `${file} can be used again`);
    if (text === this.#value) return;
    this.#value = text;
    this.#listeners.call();
  }

  #read(): string {
    const { file, field, refuse } = this.#options;
    const why = (text: string, cause?: unknown) =>
      new WsClusterError('CONFIG_INVALID', `${field}: ${file} ${text}`, {
        field,
        ...(cause !== undefined && { cause }),
      });
    let text: string;
    try {
      // Editors and `echo` end a file with a line break, which no value of ours has.
      text = readFileSync(file, 'utf8').trim();
    } catch (cause) {
      throw why(`cannot be read: ${messageOf(cause)}`, cause);
    }
    if (text === '') throw why('is empty');
    const refusal = refuse(text);
    if (refusal !== undefined) throw why(refusal);
    return text;
  }
}
