import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

export type ProgramName = 'cli' | 'controller' | 'gateway' | 'ws-node';

/** Path of a part's main program: TypeScript in the repository, JavaScript in the published packages. */
export function mainProgram(name: ProgramName): string {
  return fileURLToPath(new URL(`../../${name}/src/main${extname(import.meta.filename)}`, import.meta.url));
}
