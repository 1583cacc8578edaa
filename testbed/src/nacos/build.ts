import { createHash } from 'node:crypto';
import { cpSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { builtOnce } from '../install/built.ts';
import { mavenCompile, mavenDigest } from '../install/maven.ts';
import { needProgram } from '../process/find-program.ts';
import { run } from '../process/run.ts';

export type NacosVersion = '3.1' | '2.0';

const RECIPES = fileURLToPath(new URL('../../nacos', import.meta.url));

/** The jars of a Nacos, in the order of their names. Built by Maven the first time: half a minute, 150 MB. */
export async function builtNacos(version: NacosVersion): Promise<string[]> {
  const recipe = join(RECIPES, version);
  const built = await builtOnce(
    `nacos-${version}-jars-${mavenDigest(recipe)}`,
    `Nacos ${version} (Maven)`,
    async (folder) => {
      cpSync(recipe, join(folder, 'recipe'), { recursive: true });
      await mavenCompile(join(folder, 'recipe'), join(folder, 'lib'));
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
