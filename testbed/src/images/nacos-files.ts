import { cpSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { builtNacos } from '../nacos/build.ts';

/** The name of the built Nacos, which contains the digest of its recipe. */
export async function nacosBuild(): Promise<string> {
  return basename(dirname(await jarFolder()));
}

/** Puts the jars of Nacos 3.1 into the image's build context. */
export async function addNacosFiles(context: string): Promise<void> {
  cpSync(await jarFolder(), join(context, 'lib'), { recursive: true });
}

async function jarFolder(): Promise<string> {
  const [jar = ''] = await builtNacos('3.1');
  return dirname(jar);
}
