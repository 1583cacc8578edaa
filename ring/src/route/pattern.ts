/** The segments of a path template, from the first slash on. */
export type Segment =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'placeholder' | 'rest'; readonly name: string };

const PLACEHOLDER = /^\{([A-Za-z_][A-Za-z0-9_]*)(\.\.\.)?\}$/;

/** The form of a template, for the API server, which also lets the empty text pass: a field that is not given. */
export const PATH_PATTERN = String.raw`^(/(\{[A-Za-z_][A-Za-z0-9_]*(\.\.\.)?\}|[^/{}?#*]*))*$`;
export const PREFIX_PATTERN = '^(/|(/[^/{}?#*]+)*)$';

/** The segments of a valid template. */
export function segmentsOf(path: string): Segment[] {
  return path
    .split('/')
    .slice(1)
    .map((text) => {
      const [, name, rest] = PLACEHOLDER.exec(text) ?? [];
      if (name === undefined) return { kind: 'literal', text };
      return { kind: rest === undefined ? 'placeholder' : 'rest', name };
    });
}

/** The names of a template's placeholders, in order. */
export function placeholdersOf(path: string): string[] {
  return segmentsOf(path).flatMap((segment) => (segment.kind === 'literal' ? [] : [segment.name]));
}

/** A path with each placeholder replaced. */
export function filledPath(path: string, fill: (name: string) => string): string {
  return `/${segmentsOf(path)
    .map((segment) => (segment.kind === 'literal' ? segment.text : fill(segment.name)))
    .join('/')}`;
}

/** A template without the names of its placeholders, which decide nothing: equal shapes match the same paths. */
export function shapeOf({
  path,
  prefix,
}: {
  readonly path?: string | undefined;
  readonly prefix?: string | undefined;
}) {
  if (!path) return `prefix ${prefix}`;
  return path.replaceAll(/\{[^}]+?(\.\.\.)?\}/g, '{$1}');
}

/** What is wrong with a path template, with the right spelling; undefined if nothing is. */
export function pathProblem(path: string): string | undefined {
  if (!path.startsWith('/')) return 'must be a path such as /connect/{userId}';
  const texts = path.split('/').slice(1);
  for (const [index, text] of texts.entries()) {
    const [, , rest] = PLACEHOLDER.exec(text) ?? [];
    const problem = PLACEHOLDER.test(text) ? undefined : (bracesProblem(text) ?? literalProblem(text));
    if (problem !== undefined) return problem;
    if (rest !== undefined && index < texts.length - 1) return `must have nothing behind ${text}, which takes the rest`;
  }
  if (path.endsWith('$')) return NO_REGEX;
  const names = placeholdersOf(path);
  return new Set(names).size === names.length ? undefined : 'must not name a placeholder twice';
}

/** What is wrong with a literal path: a prefix, or what replaces one. */
export function prefixProblem(prefix: string): string | undefined {
  if (!prefix.startsWith('/')) return 'must be a path such as /app';
  if (prefix.includes('{')) return 'must have no placeholders; write them as path: /app/{name}/{rest...}';
  if (prefix !== '/' && prefix.endsWith('/')) return 'must not end with /: /app matches /app and all paths below it';
  return pathProblem(prefix);
}

const NO_REGEX = 'must be no regular expression; write {name} for one segment, or {name...} for the rest of the path';

function bracesProblem(text: string): string | undefined {
  if (!/[{}]/.test(text)) return undefined;
  const [, name] = /^\{([A-Za-z_][A-Za-z0-9_]*)[^A-Za-z0-9_]/.exec(text) ?? [];
  if (/^\{(\*+\w+|\w+[*+])\}$/.test(text)) return `must have {${text.replace(/\W/g, '')}...} instead of ${text}`;
  if (name !== undefined && /^\{\w+:.*\}$/.test(text))
    return `must have {${name}} instead of ${text}; it takes any text`;
  if (/^[^{}]+\{\w+\}|\{\w+\}[^{}]+$/.test(text))
    return `must have whole segments as placeholders, such as /{name}, not ${text}`;
  return `must have placeholders of letters, digits and _, such as {userId} or {rest...}, not ${text}`;
}

function literalProblem(text: string): string | undefined {
  if (/[?#]/.test(text)) return 'must have no ? and no #; a key in the query is key: { query: name }';
  if (/^:\w+$/.test(text)) return `must have {${text.slice(1)}} instead of ${text}`;
  if (/\.[*+]|[[\]|\\^]/.test(text)) return NO_REGEX;
  if (text.includes('**')) return 'must have {rest...} as its last segment, or be a prefix, instead of **';
  if (text.includes('*')) return 'must have {name} instead of *, for one segment, or {name...} for the rest';
  return undefined;
}
