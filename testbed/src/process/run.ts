import { spawn } from 'node:child_process';
import { once } from 'node:events';

export interface RunOptions {
  /** The command's input; nothing by default. */
  readonly input?: string;
  readonly cwd?: string;
  /** In addition to the environment of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** Milliseconds until it is killed; none by default. */
  readonly timeoutMs?: number;
  /** Called with each chunk that it writes to stdout and stderr. */
  readonly onOutput?: (text: string) => void;
}

/** Runs a command to its end; returns its stdout. On failure rejects with its whole output. */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const child = spawn(command, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { ...process.env, ...options.env },
    ...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs, killSignal: 'SIGKILL' as const }),
  });
  let stdout = '';
  let all = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    all += text;
    options.onOutput?.(text);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    all += text;
    options.onOutput?.(text);
  });
  // If a command ends without reading its input, only its exit code counts.
  child.stdin.on('error', () => {});
  child.stdin.end(options.input ?? '');
  const line = `${command} ${args.join(' ')}`;
  await once(child, 'close').catch((error: Error) => {
    throw new Error(`cannot run ${line}: ${error.message}`);
  });
  if (child.exitCode === 0) return stdout;
  const how = child.signalCode === null ? `exited with ${child.exitCode}` : `was ended by ${child.signalCode}`;
  throw new Error(`${line} ${how}:\n${all.trim().slice(-4000)}`);
}
