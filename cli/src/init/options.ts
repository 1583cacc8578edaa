import { WsClusterError } from '@wscluster/ring';

/** What nodes are made of. */
export type Program = { readonly command: readonly string[] } | { readonly image: string; readonly port: number };

export interface InitOptions {
  readonly program: Program;
  /** The file to write. */
  readonly file: string;
  /** A path with a placeholder, which is the key; undefined: clients get a cookie. */
  readonly path: string | undefined;
}

const FLAGS = ['--image', '--port', '--file', '--path'] as const;
type Flag = (typeof FLAGS)[number];
const DEFAULT_PORT = 8080;

/**
 * Reads the options of `wscluster init`; undefined if help was requested. The command begins with the first word that
 * is no option, or after `--`, and its own options are not looked at. Throws CONFIG_INVALID naming the option.
 */
export function readInitOptions(args: readonly string[]): InitOptions | undefined {
  const given = new Map<Flag, string>();
  let rest = [...args];
  for (let [first = '', second] = rest; first.startsWith('-') && first !== '--'; [first = '', second] = rest) {
    if (first === '--help' || first === '-h') return undefined;
    const flag = FLAGS.find((one) => one === first);
    if (flag === undefined) throw invalid(first, `is not an option of init; the options are ${FLAGS.join(', ')}`);
    if (second === undefined) throw invalid(flag, 'needs a value');
    given.set(flag, second);
    rest = rest.slice(2);
  }
  const command = rest[0] === '--' ? rest.slice(1) : rest;
  return { program: programOf(command, given), file: given.get('--file') ?? 'wscluster.yaml', path: pathOf(given) };
}

function programOf(command: readonly string[], given: ReadonlyMap<Flag, string>): Program {
  const image = given.get('--image');
  if (image !== undefined && command.length > 0)
    throw invalid('--image', `an image or a command, not both; the command was ${command.join(' ')}`);
  if (image === undefined && command.length === 0)
    throw new WsClusterError('CONFIG_INVALID', 'give the command that starts your server, or its image (--image)');
  if (image !== undefined) return { image, port: portOf(given.get('--port')) };
  if (given.has('--port'))
    throw invalid(
      '--port',
      'needs --image; a command gets its port from PORT or {port}, a different one for each node',
    );
  return { command };
}

function portOf(text: string | undefined): number {
  const port = Number(text ?? DEFAULT_PORT);
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port;
  throw invalid('--port', `must be a port from 1 to 65535, not "${text}"`);
}

function pathOf(given: ReadonlyMap<Flag, string>): string | undefined {
  const path = given.get('--path');
  if (path === undefined || /^\/.*\{[^{}]+\}/.test(path)) return path;
  throw invalid('--path', `must begin with / and have a {placeholder}, such as /rooms/{room}, not "${path}"`);
}

function invalid(flag: string, why: string): WsClusterError {
  return new WsClusterError('CONFIG_INVALID', `${flag}: ${why}`, { field: flag.replace(/^-+/, '') });
}
