import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const DOCS = fileURLToPath(new URL('../../docs', import.meta.url));

/** Replaces what a page of the docs has between `<!-- NAME: begin -->` and `<!-- NAME: end -->`. */
export function replacePart(page: string, name: string, text: string): void {
  const path = join(DOCS, page);
  const document = readFileSync(path, 'utf8');
  const [opening, closing] = [`<!-- ${name}: begin -->`, `<!-- ${name}: end -->`];
  const [begin, end] = [document.indexOf(opening), document.indexOf(closing)];
  if (begin < 0 || end < begin) throw new Error(`${path} has no ${opening} before ${closing}`);
  writeFileSync(path, `${document.slice(0, begin + opening.length)}\n${text}\n${document.slice(end)}`);
}
