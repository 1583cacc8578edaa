import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DockerEngine } from '@wscluster/testbed';
import { parse } from 'yaml';
import { root } from '../../e2e/support/run.ts';
import type { Owners } from '../../e2e/support/system.ts';
import { Members } from './members.ts';
import { recipeFolder } from './recipe-folder.ts';
import { required } from './required.ts';
import type { Sight } from './stack.ts';
import { expectMoved, throughChange } from './through-change.ts';

const SERVERS = {
  'socket.io': { packages: ['socket.io'], program: 'server.mjs', told: 'transport close, 1012' },
  'y-websocket': {
    packages: ['@y/websocket-server', 'yjs'],
    program: 'node_modules/@y/websocket-server/src/server.js',
    told: '1012',
  },
} as const;

const DOCKERFILE = `FROM node:24-bookworm-slim
COPY . /app
WORKDIR /app
ENV HOST=0.0.0.0 PORT=8080
USER node
`;

const ROOMS = Array.from({ length: 12 }, (_, n) => `room-${n + 1}`);

/** A recipe whose server is built into an image, as its reader may do it. */
export class RecipeInImage {
  readonly name: keyof typeof SERVERS;

  constructor(name: keyof typeof SERVERS) {
    this.name = name;
  }

  get tag(): string {
    return `wscluster-test/recipe-${this.name}:1`;
  }

  /** What a client is told that has to move, in its own words. */
  get told(): string {
    return SERVERS[this.name].told;
  }

  /** Of its cluster file. */
  get routes(): object[] {
    const file = parse(readFileSync(join(root, 'docs', 'recipes', this.name, 'cluster.yaml'), 'utf8')) as {
      spec: { routing: { routes: object[] } };
    };
    return file.spec.routing.routes;
  }

  /** Builds the image, whose server listens on 8080. Returns its tag. */
  async build(engine: DockerEngine): Promise<string> {
    const { packages, program } = SERVERS[this.name];
    const context = mkdtempSync(join(tmpdir(), 'wsc-recipe-image-'));
    try {
      cpSync(join(root, 'docs', 'recipes', this.name), context, { recursive: true });
      copyPackages(required('WSCLUSTER_TEST_NODE_MODULES'), packages, join(context, 'node_modules'));
      writeFileSync(join(context, 'Dockerfile'), `${DOCKERFILE}CMD ["node", "${program}"]\n`);
      await engine.docker('build', '--quiet', '--tag', this.tag, context);
    } finally {
      rmSync(context, { recursive: true, force: true });
    }
    return this.tag;
  }

  /**
   * Runs its clients, two in each of 12 rooms, at this address of the gateways, through a change. Expects that those
   * moved whose owner changed, and that the others noticed nothing.
   */
  async through(system: { owners(): Promise<Owners> }, address: string, change: () => Promise<void>): Promise<Sight> {
    const folder = recipeFolder(this.name);
    const members = new Members(join(folder, 'client.mjs'), [address, address], ROOMS);
    try {
      await members.hearEachOther();
      const before = await system.owners();
      const { moved, sight } = await throughChange(members, change);
      const after = await system.owners();
      const changed = ROOMS.filter((room) => before(room) !== after(room));
      expectMoved(moved, changed);
      return sight;
    } finally {
      await members.end();
      rmSync(folder, { recursive: true });
    }
  }
}

/** Copies packages, with all that they depend on, from one `node_modules` to another. */
function copyPackages(from: string, names: readonly string[], to: string): void {
  for (const name of names) {
    const [source, target] = [join(from, name), join(to, name)];
    if (existsSync(target) || !existsSync(source)) continue; // a package's own are copied with it
    cpSync(source, target, { recursive: true });
    for (const folder of packagesIn(source)) copyPackages(from, dependenciesOf(folder), to);
  }
}

/** A package, and those in its own `node_modules`. */
function packagesIn(folder: string): string[] {
  const manifests = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) =>
    /^(?:node_modules\/(?:@[^/]+\/)?[^/]+\/)?package\.json$/.test(path),
  );
  return manifests.map((path) => join(folder, path, '..'));
}

function dependenciesOf(folder: string): string[] {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Record<string, object | undefined>;
  return Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies, ...manifest.optionalDependencies });
}
