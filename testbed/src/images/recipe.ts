import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Label of each image that is built here: the digest of everything that decides its content. */
export const RECIPE_LABEL = 'wscluster.recipe';

/** The folder of an image's Dockerfile. */
export function recipeFolder(name: string): string {
  return fileURLToPath(new URL(`../../images/${name}`, import.meta.url));
}

/** A digest of texts, in this order. */
export function digestOf(...parts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${part.length} ${part}`);
  return hash.digest('hex').slice(0, 16);
}

/** A digest of the files in an image's folder, and of everything else that decides its content. */
export function recipeDigest(name: string, ...others: readonly string[]): string {
  const folder = recipeFolder(name);
  const files = readdirSync(folder).sort();
  return digestOf(...files, ...files.map((file) => readFileSync(join(folder, file), 'utf8')), ...others);
}
