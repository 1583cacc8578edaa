import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { DockerEngine } from '../docker/engine.ts';
import { needProgram } from '../process/find-program.ts';
import { run } from '../process/run.ts';
import { hostSources } from './host-sources.ts';
import { RECIPE_LABEL } from './recipe.ts';

export const DEBIAN_RELEASE = 'bookworm';

/** The official slim image leaves this out too. */
const LEFT_OUT = ['usr/share/doc', 'usr/share/man', 'usr/share/info', 'usr/share/locale', 'var/lib/apt/lists'];

/** Creates debian:bookworm-slim from Debian's packages, using the same mirrors as this machine. */
export async function makeDebian(engine: DockerEngine, tag: string, digest: string): Promise<void> {
  const sources = await hostSources(DEBIAN_RELEASE);
  const work = mkdtempSync(join(tmpdir(), 'wsc-debian-'));
  const root = join(work, 'root');
  const archive = join(work, 'root.tar');
  const write = (path: string, lines: readonly string[]) =>
    writeFileSync(join(root, path), lines.map((line) => `${line}\n`).join(''));
  try {
    await run(needProgram('debootstrap', 'debootstrap'), ['--variant=minbase', DEBIAN_RELEASE, root, sources.mirror]);
    await run('chroot', [root, 'apt-get', 'clean']);
    for (const path of LEFT_OUT) rmSync(join(root, path), { recursive: true, force: true });
    mkdirSync(join(root, 'var/lib/apt/lists/partial'), { recursive: true });
    write('etc/apt/sources.list', sources.sources);
    write('etc/apt/apt.conf.d/90host', sources.aptSettings);
    write('etc/apt/apt.conf.d/docker-clean', [
      'DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/*.bin || true"; };',
      'Dir::Cache::pkgcache ""; Dir::Cache::srcpkgcache "";',
    ]);
    // Installed packages must not start services.
    writeFileSync(join(root, 'usr/sbin/policy-rc.d'), '#!/bin/sh\nexit 101\n', { mode: 0o755 });
    for (const path of sources.trusted) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      cpSync(path, join(root, path), { recursive: true, dereference: true });
    }
    await run('tar', ['--directory', root, '--numeric-owner', '--one-file-system', '--create', '--file', archive, '.']);
    const settings = [`LABEL ${RECIPE_LABEL}=${digest}`, 'CMD ["bash"]'];
    for (const [name, value] of Object.entries(sources.env)) settings.push(`ENV ${name}=${value}`);
    await engine.docker('import', ...settings.flatMap((setting) => ['--change', setting]), archive, tag);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
