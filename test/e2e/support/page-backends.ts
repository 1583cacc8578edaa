import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { builtGoProgram, builtJavaProgram } from '@wscluster/testbed/provide';
import { root } from './run.ts';

// The programs of docs/backend-other-languages.md, as they stand there. Each `folder` is one to write them to.

const page = readFileSync(join(root, 'docs/backend-other-languages.md'), 'utf8');

/** What a language's tools need beside the program. */
export const toolsOf = (path: string) => fileURLToPath(new URL(`../backends/${path}`, import.meta.url));

/** Writes the program into the project of its language. Returns the project. */
function write(language: string, file: string, folder: string): string {
  const project = join(folder, language);
  const block = new RegExp(`\`\`\`${language}\\n(?:#|//) ${file.split('/').at(-1)}\\n(.*?)\`\`\``, 's');
  const code = block.exec(page)?.[1];
  if (code === undefined) throw new Error(`docs/backend-other-languages.md has no ${file}`);
  mkdirSync(dirname(join(project, file)), { recursive: true });
  writeFileSync(join(project, file), code);
  return project;
}

/** The file of a Python program. */
export function pythonBackend(file: string, folder: string): string {
  return join(write('python', file, folder), file);
}

/** The program, which is built if it is not there yet. */
export function goBackend(folder: string): Promise<string> {
  const project = write('go', 'main.go', folder);
  cpSync(toolsOf('go'), project, { recursive: true });
  return builtGoProgram('backend-go', project);
}

/** The class path of `Backend`, which is built if it is not there yet. */
export function javaBackend(folder: string): Promise<string> {
  const project = write('java', 'src/main/java/Backend.java', folder);
  cpSync(toolsOf('java'), project, { recursive: true });
  return builtJavaProgram('backend-java', project);
}
