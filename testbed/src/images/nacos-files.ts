import { cpSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { builtNacos } from '../nacos/build.ts';

/** The name of the built Nacos, which has the digest of its recipe. */
export async function nacosBuild(): Promise<string> {
  const { classes } = await nacosFolders();
  return basename(join(classes, '..', '..', '..'));
}

/** Puts the classes of Nacos 3.1 into the context of the image. */
export async function addNacosFiles(context: string): Promise<void> {
  const { classes, lib } = await nacosFolders();
  cpSync(classes, join(context, 'classes'), { recursive: true });
  cpSync(lib, join(context, 'lib'), { recursive: true });
}

async function nacosFolders(): Promise<{ classes: string; lib: string }> {
  const [classes = '', jars = ''] = (await builtNacos('3.1')).split(':');
  return { classes, lib: dirname(jars) };
}
