import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../../process/run.ts';

/** The image of the first process of each pod. No registry has it. */
export const PAUSE_IMAGE = 'testbed.invalid/pause:1';

/** Writes `pause.tar`, in the format of `docker save`, from the program `pause` in the folder. */
export async function makePauseImage(folder: string): Promise<void> {
  const tar = (archive: string, ...files: string[]) =>
    run('tar', ['--create', '--owner=0', '--group=0', '--numeric-owner', '--file', archive, ...files], { cwd: folder });
  const writeJson = (name: string, content: object) => writeFileSync(join(folder, name), JSON.stringify(content));
  await tar('layer.tar', 'pause');
  const layer = createHash('sha256')
    .update(readFileSync(join(folder, 'layer.tar')))
    .digest('hex');
  writeJson('config.json', {
    architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
    os: 'linux',
    config: { Entrypoint: ['/pause'] },
    rootfs: { type: 'layers', diff_ids: [`sha256:${layer}`] },
  });
  writeJson('manifest.json', [{ Config: 'config.json', RepoTags: [PAUSE_IMAGE], Layers: ['layer.tar'] }]);
  const files = ['manifest.json', 'config.json', 'layer.tar'];
  await tar('pause.tar', ...files);
  await run('rm', ['--', ...files], { cwd: folder });
}
