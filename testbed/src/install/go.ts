import { fileURLToPath } from 'node:url';
import { findProgram } from '../process/find-program.ts';
import { run } from '../process/run.ts';

/** Go 1.24 or newer, which Debian 12 does not have. */
function goProgram(): string {
  const found = findProgram('go', '/usr/local/go/bin/go');
  if (found !== undefined) return found;
  throw new Error(
    'missing: go 1.24 or newer on the PATH (https://go.dev/dl); it builds what Debian has no package of.',
  );
}

export interface GoBuild {
  /** The folder below testbed/tools that pins the module: its go.mod and go.sum. */
  readonly module: string;
  readonly package: string;
  /** The linker's `-X` settings. */
  readonly settings: Readonly<Record<string, string>>;
  /** The file to write. */
  readonly output: string;
}

/** Builds a program of a pinned Go module. */
export async function goBuild(build: GoBuild): Promise<void> {
  const settings = Object.entries(build.settings).map(([name, value]) => `-X ${name}=${value}`);
  const flags = ['-trimpath', '-mod=readonly', '-ldflags', ['-s', '-w', ...settings].join(' ')];
  await run(goProgram(), ['build', ...flags, '-o', build.output, build.package], {
    cwd: fileURLToPath(new URL(`../../tools/${build.module}`, import.meta.url)),
  });
}
