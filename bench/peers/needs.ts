import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { builtGoProgram, provideProxies } from '@wscluster/testbed/provide';
import { bundlePrograms } from '../../test/run/bundle-programs.ts';
import { WHOLE } from './plan.ts';

/** The programs that the benchmark starts. */
export interface Programs {
  /** The load, which is also the node. */
  readonly load: string;
  /** Our gateway as one file of JavaScript. */
  readonly gateway: string;
}

/** A proxy has two descriptors for each connection, and some more. */
const DESCRIPTORS = 2 * Math.max(...WHOLE.pushed) + 500;

/** Installs and builds what is missing. Throws an Error if this machine can't run the benchmark. */
export async function provide(): Promise<Programs> {
  if (process.platform !== 'linux') throw new Error('the comparison with other proxies needs Linux');
  if (availableParallelism() < 2) throw new Error('the comparison needs two cores: one is for the proxy alone');
  const most = Number(/^Max open files\s+\d+\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]);
  if (most < DESCRIPTORS)
    throw new Error(`the comparison needs ${DESCRIPTORS} open files a process, not ${most} (ulimit -Hn)`);
  await provideProxies();
  const load = await builtGoProgram('bench-load', fileURLToPath(new URL('load', import.meta.url)));
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const bundles = join(root, 'node_modules', '.cache', 'bench-programs');
  await bundlePrograms(root, bundles);
  return { load, gateway: join(bundles, 'gateway', 'src', 'main.mjs') };
}
