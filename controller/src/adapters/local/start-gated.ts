import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, resolve } from 'node:path';
import type { Writable } from 'node:stream';
import { messageOf, WsClusterError } from '@wscluster/ring';

/**
 * Waits for a line on descriptor 3, then becomes the program. Without the line, because its parent has died, it ends.
 */
const GATE = 'read -r _ <&3 && exec "$@" 3<&-';

export interface GatedProgram {
  /** Program and arguments; a program with a slash is a file, relative to `cwd`. */
  readonly command: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** File descriptor of its output. */
  readonly output: number;
}

export interface GatedProcess {
  readonly child: ChildProcess;
  readonly pid: number;
  /** Lets the program begin. */
  open(): void;
  /** The program never begins. */
  cancel(): void;
}

/**
 * A process whose program begins only when it is told to, so that its pid can be recorded first: whatever becomes of
 * this process meanwhile, no program runs that nobody knows of. It leads a session and a process group of its own:
 * Ctrl-C at the controller's terminal is not meant for the nodes. Rejects with SOURCE_UNAVAILABLE when there is no such
 * program.
 */
export async function startGated({ command, env, cwd, output }: GatedProgram): Promise<GatedProcess> {
  const [program = '', ...args] = command;
  try {
    checkProgram(program, env.PATH, cwd);
    const child = spawn('/bin/sh', ['-c', GATE, 'sh', program, ...args], {
      detached: true,
      stdio: ['ignore', output, output, 'pipe'],
      env,
      cwd,
    });
    await new Promise<void>((started, reject) => {
      child.once('spawn', started);
      child.once('error', reject);
    });
    const gate = child.stdio[3] as Writable;
    // It may have been ended before.
    gate.on('error', () => {});
    return {
      child,
      pid: child.pid ?? 0,
      open: () => {
        gate.end('\n', () => gate.destroy());
      },
      cancel: () => {
        gate.destroy();
      },
    };
  } catch (error) {
    throw new WsClusterError(
      'SOURCE_UNAVAILABLE',
      `${program} cannot be started: ${messageOf(error)}; see spec.nodes.command and spec.nodes.workingDirectory`,
      { cause: error },
    );
  }
}

/** What the shell would only tell once it is too late. Throws the reason. */
function checkProgram(program: string, path: string | undefined, cwd: string): void {
  if (statSync(cwd, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new Error(`its working directory ${cwd} is no folder`);
  if (program.includes('/')) {
    checkFile(resolve(cwd, program));
    return;
  }
  // Without a path the shell has one of its own.
  if (path === undefined) return;
  const found = path.split(delimiter).some((folder) => {
    try {
      checkFile(resolve(cwd, folder, program));
      return true;
    } catch {
      return false;
    }
  });
  if (!found) throw new Error('there is no such program in PATH');
}

function checkFile(file: string): void {
  accessSync(file, constants.X_OK);
  if (!statSync(file).isFile()) throw new Error(`${file} is no file`);
}
