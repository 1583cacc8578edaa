// `node scripts/bundle/main.ts FOLDER PART...`: what runs in the images. Writes FOLDER/PART/src/main.mjs for each part
// (controller, gateway, ws-node, socket-proxy), with all that it imports.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { aroundTheBundle, bundle } from './bundle.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const [folder, ...parts] = process.argv.slice(2);
if (folder === undefined || parts.length === 0) {
  process.stderr.write('usage: node scripts/bundle/main.ts FOLDER PART...\n');
  process.exit(2);
}
for (const part of parts) {
  const program = `${part}/src/main.ts`;
  await bundle(root, program, join(folder, part, 'src'), aroundTheBundle(root, program));
}
