import { listed } from '@wscluster/ring';

const DEFLATE = 'permessage-deflate';
const NO_CONTEXT = ['server_no_context_takeover', 'client_no_context_takeover'] as const;

/** An extension with its parameters; those without a value have ''. */
interface Extension {
  readonly name: string;
  readonly parameters: ReadonlyMap<string, string>;
}

/**
 * Of the extensions that a client offers (Sec-WebSocket-Extensions), those with which a connection can go on at another
 * node in the middle: compression in which each message stands for itself (RFC 7692, 7.1.1). Undefined if there is
 * none.
 */
export function portableOffer(offer: string): string | undefined {
  const portable = parse(offer)
    .filter(({ name }) => name === DEFLATE)
    .map(({ name, parameters }) => {
      const added = NO_CONTEXT.map((parameter) => [parameter, ''] as const);
      return format({ name, parameters: new Map([...parameters, ...added]) });
    });
  return portable.length === 0 ? undefined : portable.join(', ');
}

/** Whether a connection with these extensions, as the node has chosen them, can go on at another node. */
export function isPortable(chosen: string | undefined): boolean {
  if (chosen === undefined) return true;
  const extensions = parse(chosen);
  const [deflate] = extensions;
  return (
    extensions.length === 1 &&
    deflate?.name === DEFLATE &&
    NO_CONTEXT.every((parameter) => deflate.parameters.has(parameter))
  );
}

/** Whether two nodes have chosen the same. */
export function sameExtensions(a: string | undefined, b: string | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && canonical(a) === canonical(b));
}

function canonical(chosen: string): string {
  const withWindows = parse(chosen).map(({ name, parameters }) => {
    // 15 is what a window has if nothing is said.
    const all = new Map([['server_max_window_bits', '15'], ['client_max_window_bits', '15'], ...parameters]);
    return format({ name, parameters: new Map([...all].sort(([one], [other]) => (one < other ? -1 : 1))) });
  });
  return withWindows.join(', ');
}

function parse(value: string): Extension[] {
  return listed(value).map((extension) => {
    const [name = '', ...parameters] = extension.split(';').map((part) => part.trim());
    const pairs = parameters.map((parameter): [string, string] => {
      const [key = '', given = ''] = parameter.split('=');
      return [key.trim().toLowerCase(), given.trim().replaceAll('"', '')];
    });
    return { name: name.toLowerCase(), parameters: new Map(pairs) };
  });
}

function format({ name, parameters }: Extension): string {
  return [name, ...[...parameters].map(([key, value]) => (value === '' ? key : `${key}=${value}`))].join('; ');
}
