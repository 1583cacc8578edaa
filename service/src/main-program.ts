import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

export type ProgramName = 'cli' | 'controller' | 'gateway' | 'ws-node';

/** Path of the main program of a part, to run it by: TypeScript in the repository, JavaScript in what is published. */
export function mainProgram(name: ProgramName): string {
  return fileURLToPath(new URL(`../../${name}/src/main${extname(import.meta.filename)}`, import.meta.url));
}
