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

/** The jars of a Nacos, in the order of their names. Built by Maven the first time: half a minute, 150 MB. */
export async function builtNacos(version: NacosVersion): Promise<string[]> {
  const recipe = join(RECIPES, version);
  const built = await builtOnce(
    `nacos-${version}-jars-${digestOf(recipe)}`,
    `Nacos ${version} (Maven)`,
    async (folder) => {
      // Debian's name for the newest JDK of the release: 17 or later, which is what the recipes need.
      await provideByApt({ 'default-jdk-headless': ['javac'], maven: ['mvn'] });
      cpSync(recipe, join(folder, 'recipe'), { recursive: true });
      const goals = ['compile', 'dependency:copy-dependencies', `-DoutputDirectory=${join(folder, 'lib')}`];
      await run(needProgram('mvn', 'maven'), ['--batch-mode', '--quiet', ...goals], {
        cwd: join(folder, 'recipe'),
        timeoutMs: 540_000,
      });
      // The JVM archives the classes of jars only; see archivedClasses.
      await run(needProgram('jar', 'default-jdk-headless'), [
        ...['--create', '--file', join(folder, 'lib', '0-testbed.jar')],
        ...['-C', join(folder, 'recipe', 'target', 'classes'), '.'],
      ]);
    },
  );
  return readdirSync(join(built, 'lib'))
    .sort()
    .map((jar) => join(built, 'lib', jar));
}

/**
 * The file of a Nacos's classes as the JVM has them once they are loaded: with it a start takes half of the processor
 * time. `train` runs the server once, with the JVM's flags that it gets, and ends it by SIGTERM.
 */
export async function archivedClasses(
  version: NacosVersion,
  jars: readonly string[],
  train: (flags: readonly string[]) => Promise<void>,
): Promise<string> {
  // The JVM takes an archive only with the very jars from which it was made.
  const digest = createHash('sha256').update(jars.join('\0')).digest('hex').slice(0, 12);
  const built = await builtOnce(
    `nacos-${version}-classes-${digest}`,
    `the class archive of Nacos ${version}`,
    (folder) => train([`-XX:ArchiveClassesAtExit=${join(folder, 'classes.jsa')}`]),
  );
  return join(built, 'classes.jsa');
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
