import { join } from 'node:path';
import { cacheFolder } from '../install/cache.ts';
import { needProgram } from '../process/find-program.ts';
import { type RunOptions, run } from '../process/run.ts';

/** Debian's own: another `docker` may come first on the PATH, and use a newer API than the engine. */
const DEBIAN_CLI = '/usr/bin/docker';

/** The CLI's configuration, with its plugins; not the user's own, which may name another engine or credentials. */
export function cliFolder(): string {
  return join(cacheFolder(), 'docker', 'cli');
}

/**
 * The environment for a Docker CLI to reach the engine at `host`, with compose, and with BuildKit, which needs no
 * plugin here.
 */
export function cliEnvironment(host: string): Record<string, string> {
  return { DOCKER_HOST: host, DOCKER_CONFIG: cliFolder(), DOCKER_BUILDKIT: '1' };
}

/** Runs the Docker CLI; returns its stdout. On failure rejects with its whole output. */
export function docker(host: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const program = needProgram(DEBIAN_CLI, 'docker.io');
  return run(program, args, { ...options, env: { ...cliEnvironment(host), ...options.env } });
}
