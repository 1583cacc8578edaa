import { createHash } from 'node:crypto';
import { cpSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { needProgram } from '../process/find-program.ts';
import { atIdlePriority } from '../process/idle-priority.ts';
import { run } from '../process/run.ts';
import { provideByApt } from './apt.ts';
import { builtOnce } from './built.ts';
import { LONGEST_BUILD_MS } from './lock.ts';

/** A JDK, as Debian names the newest of the release: 17 or later. And Maven. */
export function provideMaven(): Promise<void> {
  return provideByApt({ 'default-jdk-headless': ['javac'], maven: ['mvn'] });
}

/** Compiles a project in its folder at idle priority, and puts the jars that it depends on into `lib`. */
export async function mavenCompile(project: string, lib: string): Promise<void> {
  await provideMaven();
  const goals = ['compile', 'dependency:copy-dependencies', `-DoutputDirectory=${lib}`];
  const command = atIdlePriority(needProgram('mvn', 'maven'), '--batch-mode', '--quiet', ...goals);
  await run(...command, { cwd: project, timeoutMs: LONGEST_BUILD_MS });
}

/** Of the recipe and the sources of a project. */
export function mavenDigest(project: string): string {
  const hash = createHash('sha256');
  for (const name of readdirSync(project, { recursive: true, encoding: 'utf8' }).sort()) {
    if (!/\.(xml|java)$/.test(name)) continue;
    hash
      .update(name)
      .update('\0')
      .update(readFileSync(join(project, name)))
      .update('\0');
  }
  return hash.digest('hex').slice(0, 12);
}

/** A program of our own, built once for each state of its project. Returns its class path. */
export async function builtJavaProgram(name: string, project: string): Promise<string> {
  const folder = await builtOnce(`${name}-${mavenDigest(project)}`, name, async (building) => {
    cpSync(project, join(building, 'project'), { recursive: true });
    await mavenCompile(join(building, 'project'), join(building, 'lib'));
  });
  return `${join(folder, 'project', 'target', 'classes')}:${join(folder, 'lib', '*')}`;
}
