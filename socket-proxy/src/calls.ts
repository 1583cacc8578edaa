/**
 * A call that may be passed to the engine. Method and path are built from allowed parts, never copied from the request.
 */
export interface Call {
  readonly kind: CallKind;
  readonly method: Method;
  /** Including its query. */
  readonly path: string;
  /** Full id of the container that it refers to; undefined if it refers to no single one. */
  readonly container: string | undefined;
}

/**
 * `pass`: unchanged. `list`, `inspect`: the answer is reduced to what a controller reads. `create`: the body has to be
 * a container as a controller creates it. `manage`: only for containers that a controller created.
 */
export type CallKind = 'pass' | 'list' | 'inspect' | 'create' | 'manage';

type Method = 'GET' | 'POST' | 'DELETE';

interface Rule {
  readonly kind: CallKind;
  readonly method: Method;
  /** Matches the whole path as sent, undecoded. */
  readonly path: RegExp;
  /** The allowed parameters of the query, each once. */
  readonly query: readonly string[];
}

/** In full, as in the engine's list: names and abbreviations could be paths. */
const ID = '(?<container>[0-9a-f]{64})';
/** `registry:5000/team/chat:1.2`, `chat@sha256:...`. No part of it is `.`, `..` or empty. */
const IMAGE = '[A-Za-z0-9][\\w.:@-]*(?:/[A-Za-z0-9][\\w.:@-]*)*';

/** All calls of the controller's Docker source. */
const RULES: readonly Rule[] = [
  { kind: 'list', method: 'GET', path: /^\/containers\/json$/, query: ['all', 'filters'] },
  { kind: 'inspect', method: 'GET', path: of(`/containers/${ID}/json`), query: [] },
  { kind: 'pass', method: 'GET', path: /^\/events$/, query: ['since', 'filters'] },
  { kind: 'pass', method: 'GET', path: of(`/images/${IMAGE}/json`), query: [] },
  { kind: 'pass', method: 'POST', path: /^\/images\/create$/, query: ['fromImage', 'tag'] },
  { kind: 'create', method: 'POST', path: /^\/containers\/create$/, query: ['name'] },
  { kind: 'manage', method: 'POST', path: of(`/containers/${ID}/start`), query: [] },
  { kind: 'manage', method: 'POST', path: of(`/containers/${ID}/stop`), query: ['t'] },
  // The API's `mode=kill` also ends nodes that somebody else started.
  { kind: 'pass', method: 'POST', path: of(`/containers/${ID}/kill`), query: [] },
  { kind: 'manage', method: 'DELETE', path: of(`/containers/${ID}`), query: ['v', 'force'] },
];

/** The call of a request; undefined if it is not one of a controller's. Pure. */
export function allowedCall(method: string, target: string): Call | undefined {
  const [path = '', ...rest] = target.split('?');
  // Parsers differ in how they read a second question mark.
  if (rest.length > 1) return undefined;
  const query = new URLSearchParams(rest[0] ?? '');
  for (const rule of RULES) {
    const match = rule.method === method ? rule.path.exec(path) : null;
    if (match === null) continue;
    const names = [...query.keys()];
    if (new Set(names).size < names.length || names.some((name) => !rule.query.includes(name))) return undefined;
    const { kind } = rule;
    const container = match.groups?.container;
    return { kind, method: rule.method, path: query.size === 0 ? path : `${path}?${query}`, container };
  }
  return undefined;
}

function of(path: string): RegExp {
  return new RegExp(`^${path}$`);
}
