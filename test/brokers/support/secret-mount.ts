import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder with a file for each key of a secret, changed as kubelet does it: all at once, by swapping a link. */
export class SecretMount {
  readonly #folder = mkdtempSync(join(tmpdir(), 'wsc-secret-'));
  #version = 0;

  constructor(content: Readonly<Record<string, string>>) {
    this.write(content);
    for (const key of Object.keys(content)) symlinkSync(join('..data', key), this.path(key));
  }

  path(key: string): string {
    return join(this.#folder, key);
  }

  write(content: Readonly<Record<string, string>>): void {
    const version = `..${++this.#version}`;
    mkdirSync(join(this.#folder, version));
    for (const [key, text] of Object.entries(content)) writeFileSync(join(this.#folder, version, key), text);
    symlinkSync(version, join(this.#folder, '..data_tmp'));
    renameSync(join(this.#folder, '..data_tmp'), join(this.#folder, '..data'));
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true });
  }
}
