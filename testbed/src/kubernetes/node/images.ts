import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { DockerEngine } from '../../docker/engine.ts';
import { needProgram } from '../../process/find-program.ts';
import { run } from '../../process/run.ts';
import { type Containerd, imagesFolder } from './containerd.ts';
import { PAUSE_IMAGE } from './pause-image.ts';

/** Docker's ids of loaded images, by tag: they are not loaded again. */
type Loaded = Record<string, string>;

const KNOWN_MS = 20_000;

/** Loads `pause.tar` if it is missing. */
export async function loadPause(containerd: Containerd, archive: string): Promise<void> {
  const there = await run('ctr', [...containerd.ctr, 'images', 'list', '--quiet', `name==${PAUSE_IMAGE}`]);
  if (there.trim() === '') await run('ctr', [...containerd.ctr, 'images', 'import', archive]);
}

/** Copies the missing images of the Docker engine under their tags. */
export async function loadImages(containerd: Containerd, engine: DockerEngine, tags: readonly string[]): Promise<void> {
  const before = readLoaded();
  const known = await knownIds(containerd);
  const missing: Loaded = {};
  for (const tag of tags) {
    const id = (await engine.docker('image', 'inspect', '--format', '{{.Id}}', tag)).trim();
    if (before[tag] !== id || !known.has(id)) missing[tag] = id;
  }
  if (Object.keys(missing).length === 0) return;
  // If only a tag moved, containerd's CRI part would not notice.
  await remove(
    containerd,
    Object.keys(missing)
      .filter((tag) => tag in before)
      .map(fullName),
  );
  await copy(containerd, engine, Object.keys(missing));
  await untilKnown(containerd, Object.values(missing));
  const loaded = { ...before, ...missing };
  // The image that had these tags before would stay under its id.
  const gone = Object.values(before).filter((id) => known.has(id) && !Object.values(loaded).includes(id));
  await remove(containerd, gone);
  writeFileSync(recordFile(), JSON.stringify(loaded));
}

/** Skips names that do not exist. */
async function remove(containerd: Containerd, names: readonly string[]): Promise<void> {
  if (names.length > 0) await run('ctr', [...containerd.ctr, 'images', 'remove', ...names]);
}

/** In containerd's notation: `redis:7.0` is `docker.io/library/redis:7.0`. */
function fullName(tag: string): string {
  const [host = '', ...path] = tag.split('/');
  const named = /:[^/]*$/.test(tag) ? tag : `${tag}:latest`;
  if (path.length === 0) return `docker.io/library/${named}`;
  return /[.:]|^localhost$/.test(host) ? named : `docker.io/${named}`;
}

/** Through a pipe: the Node images alone have some hundred megabytes. */
async function copy(containerd: Containerd, engine: DockerEngine, tags: readonly string[]): Promise<void> {
  const script =
    'set -o pipefail; docker=$1 socket=$2; shift 2; "$docker" save "$@" | ctr --address "$socket" --namespace k8s.io images import -';
  const docker = needProgram('/usr/bin/docker', 'docker.io');
  await run('bash', ['-c', script, 'load', docker, containerd.socket, ...tags], { env: engine.env });
}

/** The ids of images that pods can use: containerd's CRI part adds them shortly after an import. */
async function knownIds(containerd: Containerd): Promise<ReadonlySet<string>> {
  const names = await run('ctr', [...containerd.ctr, 'images', 'list', '--quiet']);
  return new Set(names.split('\n').filter((name) => name.startsWith('sha256:')));
}

async function untilKnown(containerd: Containerd, ids: readonly string[]): Promise<void> {
  const deadline = performance.now() + KNOWN_MS;
  for (let known = await knownIds(containerd); !ids.every((id) => known.has(id)); known = await knownIds(containerd)) {
    if (performance.now() > deadline)
      throw new Error(
        `containerd has not taken ${ids.filter((id) => !known.has(id)).join(', ')} within ${KNOWN_MS} ms`,
      );
    await delay(50);
  }
}

function readLoaded(): Loaded {
  try {
    return JSON.parse(readFileSync(recordFile(), 'utf8')) as Loaded;
  } catch {
    return {}; // none yet
  }
}

/** In the same folder as the images, so that both are deleted together. */
function recordFile(): string {
  return join(imagesFolder(), 'wscluster-images.json');
}
