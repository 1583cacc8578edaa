// Checks that comments keep to the line width: Biome formats code to it, and leaves comments as they are.
import { globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const MOST = 120;
const GENERATED = new Set(['controller/src/api/answers.ts']);
/** Folders that hold what others wrote, or what is built. */
const IGNORED = new Set(['node_modules', 'dist', '.wscluster', '.git']);

const files = globSync('**/*.{ts,tsx,js,mjs,go,py,java}', {
  cwd: root,
  exclude: (path) => IGNORED.has(basename(path)),
});
const isComment = (line) => /^\s*(\/\/|\/\*|\*|#)/.test(line);
const hasAddress = (line) => /https?:\/\/\S{40}/.test(line);

let isFine = true;
for (const file of files.filter((name) => !GENERATED.has(name)))
  for (const [index, line] of readFileSync(`${root}${file}`, 'utf8').split('\n').entries())
    if (line.length > MOST && isComment(line) && !hasAddress(line)) {
      isFine = false;
      process.stdout.write(`${file}:${index + 1}: a comment of ${line.length} columns; at most ${MOST}\n`);
    }
process.exit(isFine ? 0 : 1);
