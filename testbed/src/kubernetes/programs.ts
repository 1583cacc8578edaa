import { readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { digestOf } from '../images/recipe.ts';
import { builtOnce } from '../install/built.ts';
import { goBuild, goModule } from '../install/go.ts';
import { makePauseImage } from './node/pause-image.ts';

/** As testbed/tools/kubernetes/go.mod has it. */
const VERSION = 'v1.34.4';

const NAMES = [
  'kube-apiserver',
  'kube-controller-manager',
  'kube-proxy',
  'kube-scheduler',
  'kubectl',
  'kubelet',
] as const;

/**
 * Finds a program of Kubernetes; all have the same version. `pause` is the first process of pods, `pause.tar` its
 * image.
 */
export type Programs = (name: (typeof NAMES)[number] | 'pause' | 'pause.tar') => string;

/** Builds Kubernetes if it is missing; that takes some minutes. */
export async function builtKubernetes(): Promise<Programs> {
  const recipe = digestOf(
    ...['main.go', 'pause/main.go', 'go.mod'].map((file) => readFileSync(join(goModule('kubernetes'), file), 'utf8')),
  );
  const folder = await builtOnce(`kubernetes-${VERSION}-${recipe}`, `Kubernetes ${VERSION}`, async (building) => {
    await goBuild({
      module: goModule('kubernetes'),
      package: '.',
      // kubectl refuses a server without a version.
      settings: { 'k8s.io/component-base/version.gitVersion': VERSION },
      output: join(building, 'kubernetes'),
    });
    for (const name of NAMES) symlinkSync('kubernetes', join(building, name));
    await goBuild({
      module: goModule('kubernetes'),
      package: './pause',
      settings: {},
      output: join(building, 'pause'),
    });
    await makePauseImage(building);
  });
  return (name) => join(folder, name);
}
