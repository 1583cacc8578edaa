import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DockerEngine } from '../docker/engine.ts';
import { progress } from '../install/progress.ts';
import { DEBIAN_RELEASE, makeDebian } from './debian.ts';
import { addNacosFiles, nacosBuild } from './nacos-files.ts';
import { addNodeFiles, NODE_VERSION, NPM_VERSION } from './node-files.ts';
import { digestOf, RECIPE_LABEL, recipeDigest, recipeFolder } from './recipe.ts';

const DEBIAN = `debian:${DEBIAN_RELEASE}-slim`;
/** Increase it when makeDebian makes a different image. */
const DEBIAN_RECIPE = digestOf(DEBIAN, '1');

interface BaseImage {
  readonly tag: string;
  readonly digest: string;
  make(engine: DockerEngine, tag: string, digest: string): Promise<void>;
}

/** In this order: each may be based on earlier ones. */
async function images(): Promise<readonly BaseImage[]> {
  return [
    { tag: DEBIAN, digest: DEBIAN_RECIPE, make: makeDebian },
    ofRecipe('node', 'node:24-bookworm-slim', {
      addFiles: addNodeFiles,
      arguments: { NODE_VERSION },
      alsoDecides: [NPM_VERSION],
    }),
    ofRecipe('redis', 'redis:7.0'),
    ofRecipe('rabbitmq', 'rabbitmq:3.10'),
    ofRecipe('nginx', 'nginx:1.22'),
    ofRecipe('nacos', 'nacos/nacos-server:v3.1.0', { addFiles: addNacosFiles, alsoDecides: [await nacosBuild()] }),
  ];
}

/** Changes if any of the base images would. */
export async function baseImagesDigest(): Promise<string> {
  return digestOf(...(await images()).flatMap(({ tag, digest }) => [tag, digest]));
}

/** Creates the missing images that ours and the compose file are based on, under their official tags. */
export async function baseImages(engine: DockerEngine): Promise<void> {
  for (const { tag, digest, make } of await images()) {
    if ((await recipeOf(engine, tag)) === digest) continue;
    progress(`making the image ${tag} ...`);
    const began = performance.now();
    await make(engine, tag, digest);
    progress(`made ${tag} in ${Math.round((performance.now() - began) / 1000)} s`);
  }
  // Created by an older recipe, and no longer used by any image.
  await engine.docker('image', 'prune', '--force');
}

/** Undefined if there is no such image, or it comes from elsewhere. */
async function recipeOf(engine: DockerEngine, tag: string): Promise<string | undefined> {
  const format = `{{index .Config.Labels "${RECIPE_LABEL}"}}`;
  return await engine.docker('image', 'inspect', '--format', format, tag).then(
    (label) => label.trim(),
    () => undefined,
  );
}

interface RecipeOptions {
  /** Puts more files into the build's context. */
  readonly addFiles?: (context: string) => Promise<void>;
  readonly arguments?: Readonly<Record<string, string>>;
  readonly alsoDecides?: readonly string[];
}

/** An image of a Dockerfile in testbed/images. */
function ofRecipe(name: string, tag: string, options: RecipeOptions = {}): BaseImage {
  const settings = Object.entries(options.arguments ?? {}).map(([key, value]) => `${key}=${value}`);
  return {
    tag,
    digest: recipeDigest(name, tag, DEBIAN_RECIPE, ...settings, ...(options.alsoDecides ?? [])),
    make: async (engine, _, digest) => {
      const context = mkdtempSync(join(tmpdir(), `wsc-image-${name}-`));
      try {
        cpSync(recipeFolder(name), context, { recursive: true });
        await options.addFiles?.(context);
        const flags = settings.flatMap((setting) => ['--build-arg', setting]);
        const label = `${RECIPE_LABEL}=${digest}`;
        await engine.docker(
          'build',
          '--force-rm',
          '--network',
          'host',
          ...flags,
          '--label',
          label,
          '--tag',
          tag,
          context,
        );
      } finally {
        rmSync(context, { recursive: true, force: true });
      }
    },
  };
}
