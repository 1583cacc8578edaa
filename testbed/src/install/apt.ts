import { readFileSync } from 'node:fs';
import { findProgram } from '../process/find-program.ts';
import { run } from '../process/run.ts';
import { alone } from './lock.ts';
import { progress } from './progress.ts';

/** Programs by the Debian package that has them. */
export type Packages = Readonly<Record<string, readonly string[]>>;

/**
 * Installs the packages of missing programs, on Debian as root. Elsewhere throws an Error that names everything that is
 * missing.
 */
export async function provideByApt(packages: Packages): Promise<void> {
  if (missing(packages).length === 0) return;
  if (!isDebian() || process.getuid?.() !== 0) {
    const lines = missing(packages).map((name) => `  ${packages[name]?.join(', ')} (Debian's package ${name})`);
    throw new Error(
      `missing:\n${lines.join('\n')}\nOn Debian as root they are installed; here, install them yourself.`,
    );
  }
  await alone('apt', async () => {
    const names = missing(packages); // another process may have installed them meanwhile
    if (names.length === 0) return;
    await aptInstall(names);
    const still = missing(packages);
    if (still.length > 0) throw new Error(`apt installed ${still.join(', ')}, but not the programs that were expected`);
  });
}

function missing(packages: Packages): string[] {
  return Object.keys(packages).filter((name) => packages[name]?.some((program) => findProgram(program) === undefined));
}

async function aptInstall(names: readonly string[]): Promise<void> {
  progress(`installing ${names.join(', ')} (apt-get) ...`);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  // A fresh image has no package lists; those of an old image name files that are gone.
  await run('apt-get', ['update', '-qq'], { env });
  await run('apt-get', ['install', '--yes', '--no-install-recommends', ...names], { env });
}

function isDebian(): boolean {
  try {
    return /^ID=debian$/m.test(readFileSync('/etc/os-release', 'utf8'));
  } catch {
    return false;
  }
}
