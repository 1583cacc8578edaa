import { createHash } from 'node:crypto';
import { cpSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { provideByApt } from '../install/apt.ts';
import { builtOnce } from '../install/built.ts';
import { needProgram } from '../process/find-program.ts';
import { run } from '../process/run.ts';

export type NacosVersion = '3.1' | '2.0';

const RECIPES = fileURLToPath(new URL('../../nacos', import.meta.url));

/** The class path of a Nacos. Built by Maven the first time: half a minute, 150 MB. */
export async function builtNacos(version: NacosVersion): Promise<string> {
  const recipe = join(RECIPES, version);
  const built = await builtOnce(`nacos-${version}-${digestOf(recipe)}`, `Nacos ${version} (Maven)`, async (folder) => {
    // Debian's name for the newest JDK of the release: 17 or later, which is what the recipes need.
    await provideByApt({ 'default-jdk-headless': ['javac'], maven: ['mvn'] });
    cpSync(recipe, join(folder, 'recipe'), { recursive: true });
    const goals = ['compile', 'dependency:copy-dependencies', `-DoutputDirectory=${join(folder, 'lib')}`];
    await run(needProgram('mvn', 'maven'), ['--batch-mode', '--quiet', ...goals], {
      cwd: join(folder, 'recipe'),
      timeoutMs: 540_000,
    });
  });
  return `${join(built, 'recipe', 'target', 'classes')}:${join(built, 'lib', '*')}`;
}

function digestOf(folder: string): string {
  const hash = createHash('sha256');
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
    if (!/\.(xml|java)$/.test(name)) continue;
    hash
      .update(name)
      .update('\0')
      .update(readFileSync(join(folder, name)))
      .update('\0');
  }
  return hash.digest('hex').slice(0, 12);
}
