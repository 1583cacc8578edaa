import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  builtGoProgram,
  installedByNpm,
  installedByPip,
  provideBrokers,
  provideChromium,
  provideCompose,
  provideGo,
  provideImages,
  provideKubernetes,
  provideMaven,
  provideNacos,
  providePython,
} from '@wscluster/testbed/provide';
import { goClients } from '../e2e/numbered/programs.ts';
import { goBackend, javaBackend } from '../e2e/support/page-backends.ts';
import { bundlePrograms } from './bundle-programs.ts';
import type { Need } from './groups.ts';

/** What a group gets of a need: further environment for its tests. */
type Environment = Readonly<Record<string, string>>;

const root = fileURLToPath(new URL('../..', import.meta.url));

const PROVIDERS: Readonly<Record<Need, () => Promise<Environment>>> = {
  programs: () => bundlePrograms(root, join(root, 'node_modules', '.cache', 'test-programs')),
  browser: async () => ({ WSCLUSTER_TEST_CHROMIUM: await provideChromium() }),
  python: async () => ({ WSCLUSTER_TEST_PYTHON: await providePython() }),
  go: () => nothing(provideGo),
  maven: () => nothing(provideMaven),
  recipes: provideRecipes,
  backends: () => nothing(buildBackends),
  dashboard: async () => buildDashboard(),
  brokers: () => nothing(provideBrokers),
  nacos: () => nothing(provideNacos),
  images: () => nothing(provideImages),
  compose: () => nothing(provideCompose),
  kubernetes: () => nothing(provideKubernetes),
};

/** What waits for the network goes before what waits for the processor; those who need the latter run last anyway. */
const ORDER: readonly Need[] = [
  'programs',
  'brokers',
  'browser',
  'python',
  'go',
  'maven',
  'recipes',
  'dashboard',
  'nacos',
  'images',
  'backends',
];
const BESIDE: readonly Need[] = ['compose', 'kubernetes'];

/** Provides what is asked for in the background; `of` waits for some of it and rejects when it can't be had here. */
export class Needs {
  readonly #provided = new Map<Need, Promise<Environment>>();
  readonly #pending = new Set<Need>();

  constructor(needs: ReadonlySet<Need>) {
    for (const row of [ORDER, BESIDE]) {
      let before: Promise<unknown> = Promise.resolve();
      for (const need of row.filter((name) => needs.has(name))) {
        const provided = before.then(PROVIDERS[need]).finally(() => this.#pending.delete(need));
        this.#pending.add(need);
        this.#provided.set(need, provided);
        before = provided.catch(() => {}); // told by `of`
      }
    }
  }

  /** What is not there yet. */
  get pending(): readonly Need[] {
    return [...this.#pending];
  }

  async of(needs: readonly Need[]): Promise<Environment> {
    const environments = await Promise.all(needs.map((need) => this.#provided.get(need)));
    return Object.assign({}, ...environments) as Environment;
  }
}

async function nothing(provide: () => Promise<unknown>): Promise<Environment> {
  await provide();
  return {};
}

/** The packages that test/recipes/packages pins, and the recipe that is compiled. */
async function provideRecipes(): Promise<Environment> {
  const pinned = join(root, 'test', 'recipes', 'packages');
  return {
    WSCLUSTER_TEST_NODE_MODULES: await installedByNpm('recipes-npm', pinned),
    WSCLUSTER_TEST_VENV: await installedByPip('recipes-python', join(pinned, 'requirements.txt')),
    WSCLUSTER_TEST_GO_SERVER: await builtGoProgram('recipes-go', join(root, 'docs', 'recipes', 'go')),
  };
}

/** What tests of other languages find in the cache, so that none waits for a compiler. */
async function buildBackends(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'wsc-backends-'));
  try {
    await goClients();
    await goBackend(folder);
    await javaBackend(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function buildDashboard(): Environment {
  const script = join(root, 'scripts', 'dashboard.mjs');
  const built = spawnSync(process.execPath, [script], { encoding: 'utf8' });
  if (built.status !== 0) throw new Error(`the dashboard cannot be built:\n${built.stdout}${built.stderr}`);
  return {};
}
