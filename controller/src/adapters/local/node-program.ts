import type { NodeSettings } from '../../core/ports/workload-source.ts';

export interface NodeProgram {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** The command and environment of a node that is to listen on `port`, which replaces `{port}` in both. */
export function programOn(port: number, { command = [], env = {} }: NodeSettings): NodeProgram {
  const filled = (text: string) => text.replaceAll('{port}', String(port));
  return {
    command: command.map(filled),
    env: {
      PORT: String(port),
      ...Object.fromEntries(Object.entries(env).map(([name, value]) => [name, filled(value)])),
    },
  };
}
