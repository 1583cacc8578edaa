import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin } from 'rolldown';

/** The folder of the package that a file is in. */
const PACKAGE = /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/;

/** Adds LICENSES.txt: the packages whose code is in the bundle, with their licenses, which ask for that. */
export function licenses(): Plugin {
  const folders = new Set<string>();
  return {
    name: 'licenses',
    moduleParsed({ id }) {
      const folder = PACKAGE.exec(id)?.[0];
      if (folder !== undefined && existsSync(join(folder, 'package.json'))) folders.add(folder);
    },
    generateBundle() {
      const source = [...folders]
        .sort()
        .map(licenseOf)
        .join(`\n${'-'.repeat(80)}\n\n`);
      this.emitFile({ type: 'asset', fileName: 'LICENSES.txt', source });
    },
  };
}

function licenseOf(folder: string): string {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const texts = readdirSync(folder).filter((file) => /^(licen[cs]e|notice|copying)/i.test(file));
  return [
    `${name} ${version} (${license ?? 'see below'})\n`,
    ...texts.map((file) => readFileSync(join(folder, file), 'utf8')),
  ].join('\n');
}
