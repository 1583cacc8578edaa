import { readFileSync } from 'node:fs';
import { messageOf, WsClusterError } from '@wscluster/ring';
import { Listeners } from './listeners.ts';
import type { LiveText } from './live-text.ts';
import { type Logger, silentLogger } from './log.ts';
import { Trouble } from './trouble.ts';

/**
 * Milliseconds between two reads of a file. It is polled, not watched: Kubernetes updates a mounted Secret through a
 * symbolic link two folders above, which a watcher of the file does not notice.
 */
const LOOK_MS = 2_000;

export interface FileTextOptions {
  readonly file: string;
  /** Names the text in messages, such as `WSCLUSTER_REDIS_URL_FILE`. */
  readonly field: string;
  /** Why a text cannot be used, without quoting it; undefined if it can be used. */
  refuse(text: string): string | undefined;
  /** Without it, files that become unusable are not logged. */
  readonly log?: Logger | undefined;
  /** Default 2,000. */
  readonly lookMs?: number;
}

/**
 * The text in a file, trimmed. It is read again every 2 s while there are listeners, else whenever the value is read.
 * If the file becomes unreadable, empty or unusable, that is logged once and the last good text stays. Throws
 * CONFIG_INVALID, naming field and file, if there is no usable text at first.
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

  /** Only the file's name, never the text, which may be a secret. */
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
        `${why}; the previous value stays in use`,
        why,
      );
      return;
    }
    this.#trouble.recovered({ event: 'option-file-usable', field, file }, `${file} is usable again`);
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
      // Editors and `echo` end a file with a line break; no value of ours has one.
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
