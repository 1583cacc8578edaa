import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DockerEngine } from '../../docker/engine.ts';
import { needProgram } from '../../process/find-program.ts';
import { run } from '../../process/run.ts';
import { type Containerd, imagesFolder } from './containerd.ts';
import { PAUSE_IMAGE } from './pause-image.ts';

/** Docker's ids of what was loaded, by tag: what is there already is not loaded again. */
type Loaded = Record<string, string>;

/** Loads `pause.tar` unless it is there. */
export async function loadPause(containerd: Containerd, archive: string): Promise<void> {
  const there = await run('ctr', [...containerd.ctr, 'images', 'list', '--quiet', `name==${PAUSE_IMAGE}`]);
  if (there.trim() === '') await run('ctr', [...containerd.ctr, 'images', 'import', archive]);
}

/** Copies images of the Docker engine under their tags, those that are not there already. */
export async function loadImages(containerd: Containerd, engine: DockerEngine, tags: readonly string[]): Promise<void> {
  const loaded = readLoaded();
  const missing: string[] = [];
  for (const tag of tags) {
    const id = (await engine.docker('image', 'inspect', '--format', '{{.Id}}', tag)).trim();
    if (loaded[tag] === id) continue;
    loaded[tag] = id;
    missing.push(tag);
  }
  if (missing.length === 0) return;
  const before = readLoaded();
  // Through a pipe: the images of Node alone have some hundred megabytes.
  const script =
    'set -o pipefail; program=$1; socket=$2; shift 2; "$program" save "$@" | ctr --address "$socket" --namespace k8s.io images import -';
  const docker = needProgram('/usr/bin/docker', 'docker.io');
  await run('bash', ['-c', script, 'load', docker, containerd.socket, ...missing], { env: engine.env });
  // What had these tags before would stay under its id.
  const gone = missing.flatMap((tag) => before[tag] ?? []).filter((id) => !Object.values(loaded).includes(id));
  if (gone.length > 0) await run('ctr', [...containerd.ctr, 'images', 'remove', ...gone]);
  writeFileSync(recordFile(), JSON.stringify(loaded));
}

function readLoaded(): Loaded {
  try {
    return JSON.parse(readFileSync(recordFile(), 'utf8')) as Loaded;
  } catch {
    return {}; // none yet
  }
}

/** Beside the images: who deletes the one deletes the other. */
function recordFile(): string {
  return join(imagesFolder(), 'wscluster-images.json');
}
