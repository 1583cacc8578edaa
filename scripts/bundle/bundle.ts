import http from 'node:http';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Plugin, rolldown } from 'rolldown';
import { licenses } from './licenses.ts';

/** What is native, or looks for what is: the code that asks for it does without. */
const EXTERNAL = [/\.node$/, /^cpu-features$/];

/** Where each module of a bundle believes that it is: JavaScript whose value is a URL, from the path of its source. */
export type Place = (id: string) => string;

/** Where its source is: the bundle runs on the machine that made it, and reads what lies around the source. */
export const atItsSource: Place = (id) => `new URL(${JSON.stringify(pathToFileURL(id).href)})`;

/**
 * Around the bundle, which is where `program` is in a folder like the repository: controller/src/main.mjs reads the
 * page in dashboard/dist.
 */
export function aroundTheBundle(root: string, program: string): Place {
  const folder = dirname(join(root, program));
  return (id) => `new URL(${JSON.stringify(relative(folder, id).replace(/\.ts$/, '.mjs'))}, bundleUrl)`;
}

/**
 * Bundles `program` (its TypeScript, from `root`) with all that it imports: `folder`/main.mjs, a further file for each
 * part that it may load later, the source maps of our own code, and the licenses of the packages. A bundle needs a
 * third of the processor time that hundreds of files need to start.
 */
export async function bundle(root: string, program: string, folder: string, place: Place): Promise<void> {
  const build = await rolldown({
    ...{ cwd: root, input: join(root, program), platform: 'node', external: EXTERNAL, logLevel: 'silent' },
    plugins: [withoutUndici(), withNameProxy(root), placed(place), licenses()],
  });
  const names = { entryFileNames: 'main.mjs', chunkFileNames: '[name].mjs' };
  const intro = 'const bundleUrl = import.meta.url;';
  await build.write({ dir: folder, format: 'esm', sourcemap: true, intro, ...names });
  await build.close();
}

/**
 * No program needs undici to start, and loading it takes a tenth of that time. Node reads all properties of a built-in
 * module that is imported, and for three of node:http it loads its own undici: so the bundle asks for the others by
 * name. The package reply-from loads undici too, but uses it only if it is given no agents.
 */
function withoutUndici(): Plugin {
  const httpModule = '\0node:http';
  const none = '\0undici';
  // Without those that are computed when they are read.
  const properties = Object.entries(Object.getOwnPropertyDescriptors(http));
  const names = properties.filter(([, { get }]) => get === undefined).map(([name]) => name);
  const modules = new Map([
    [
      httpModule,
      `const http = process.getBuiltinModule('node:http');
       export const { ${names.join(', ')} } = http;
       export default http;`,
    ],
    [none, 'module.exports = {};'],
  ]);
  return {
    name: 'without-undici',
    resolveId(source, importer, { kind }) {
      if (/^(node:)?http$/.test(source) && kind === 'import-statement') return httpModule;
      return source === 'undici' && importer?.includes('@fastify/reply-from') ? none : undefined;
    },
    load: (id) => modules.get(id),
  };
}

/** In place of the module that asks Node for a file of the package nacos, which nothing can bundle: an import of it. */
function withNameProxy(root: string): Plugin {
  const module = join(root, 'controller/src/adapters/nacos/name-proxy.ts');
  const fromNacos = createRequire(createRequire(module).resolve('nacos'));
  const file = JSON.stringify(fromNacos.resolve('nacos-naming/lib/naming/proxy'));
  return {
    name: 'with-name-proxy',
    load: (id) => (id === module ? `import proxy from ${file}; export const NameProxyClass = proxy;` : undefined),
  };
}

function placed(place: Place): Plugin {
  return {
    name: 'placed',
    transform(code, id) {
      if (id.startsWith('\0')) return undefined;
      const path = `process.getBuiltinModule('node:url').fileURLToPath(${place(id)})`;
      const moved = code
        .replaceAll('import.meta.url', `${place(id)}.href`)
        .replaceAll('import.meta.filename', path)
        .replaceAll(/\b__filename\b/g, path)
        .replaceAll(/\b__dirname\b/g, `process.getBuiltinModule('node:path').dirname(${path})`);
      // Lines stay where they are. A map of the packages too would be larger than the program.
      return { code: moved, map: id.includes('node_modules') ? { mappings: '' } : null };
    },
  };
}
