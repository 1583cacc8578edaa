import { styleText } from 'node:util';
import type { FileEnded } from './events.ts';

const QUIET_MS = 30_000;
const SLOWEST = 10;

/** What a person sees of a run: a line for each file that ended, and in silence a line on what runs and is built. */
export class Board {
  readonly #began = performance.now();
  readonly #files: number;
  readonly #building: () => readonly string[];
  readonly #running = new Set<string>();
  readonly #ended: FileEnded[] = [];
  readonly #failures: string[] = [];
  readonly #timer: NodeJS.Timeout;
  #told = performance.now();

  constructor(files: number, building: () => readonly string[]) {
    this.#files = files;
    this.#building = building;
    this.#timer = setInterval(() => {
      if (performance.now() - this.#told > QUIET_MS) this.#tellProgress();
    }, 1000);
  }

  say(line: string): void {
    this.#told = performance.now();
    process.stdout.write(`${clock(this.#told - this.#began)}  ${line}\n`);
  }

  began(file: string): void {
    this.#running.add(file);
  }

  ended(result: FileEnded): void {
    const { file, passed, failures, ms } = result;
    this.#running.delete(file);
    this.#ended.push(result);
    const verdict = failures.length === 0 ? styleText('green', 'ok  ') : styleText('red', 'FAIL');
    const counts = failures.length === 0 ? `${passed} passed` : `${failures.length} failed, ${passed} passed`;
    this.say(`${verdict}  ${file} (${counts}, ${seconds(ms)}; ${this.#ended.length} of ${this.#files})`);
    for (const failure of failures) {
      this.#failures.push(`${file}: ${failure}`);
      process.stdout.write(`             ${failure}\n`);
    }
  }

  /** A failure outside of any file. */
  failed(what: string): void {
    this.#failures.push(what);
    this.say(`${styleText('red', 'FAIL')}  ${what}`);
  }

  /** The slowest files, all failures once more (often only an output's end is kept), and the end of the silence. */
  close(): void {
    clearInterval(this.#timer);
    const slowest = this.#ended.toSorted((a, b) => b.ms - a.ms).slice(0, SLOWEST);
    process.stdout.write('\nThe slowest files:\n');
    for (const { file, ms } of slowest) process.stdout.write(`${seconds(ms).padStart(9)}  ${file}\n`);
    if (this.#failures.length > 0) process.stdout.write(`\nWhat failed:\n  ${this.#failures.join('\n  ')}\n`);
  }

  #tellProgress(): void {
    const building = this.#building();
    const parts = [
      `${this.#ended.length} of ${this.#files} files ended`,
      ...(this.#running.size === 0 ? [] : [`running: ${[...this.#running].join(', ')}`]),
      ...(building.length === 0 ? [] : [`being made: ${building.join(', ')}`]),
    ];
    this.say(`...   ${parts.join('; ')}`);
  }
}

function clock(ms: number): string {
  const total = Math.floor(ms / 1000);
  return `${Math.floor(total / 60)}:${String(total % 60).padStart(2, '0')}`.padStart(5);
}

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
