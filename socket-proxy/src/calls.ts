/** A call that may go on to the engine: method and path are made of what was allowed, never copied from the request. */
export interface Call {
  readonly kind: CallKind;
  readonly method: Method;
  /** With its query. */
  readonly path: string;
  /** Full id of the container that it is about; undefined when it is about no single one. */
  readonly container: string | undefined;
}

/**
 * `pass`: as it is. `list`, `inspect`: the answer is cut down to what a controller reads. `create`: the body has to be a
 * container as a controller makes one. `manage`: only for containers that a controller made.
 */
export type CallKind = 'pass' | 'list' | 'inspect' | 'create' | 'manage';

type Method = 'GET' | 'POST' | 'DELETE';

interface Rule {
  readonly kind: CallKind;
  readonly method: Method;
  /** Of the whole path as it was sent, undecoded. */
  readonly path: RegExp;
  /** The parameters that the query may have, each once. */
  readonly query: readonly string[];
}

/** In full, as the engine lists it: names and abbreviations could be paths. */
const ID = '(?<container>[0-9a-f]{64})';
/** `registry:5000/team/chat:1.2`, `chat@sha256:...`. No part of it is `.`, `..` or empty. */
const IMAGE = '[A-Za-z0-9][\\w.:@-]*(?:/[A-Za-z0-9][\\w.:@-]*)*';

/** All that the controller's Docker source calls. */
const RULES: readonly Rule[] = [
  { kind: 'list', method: 'GET', path: /^\/containers\/json$/, query: ['all', 'filters'] },
  { kind: 'inspect', method: 'GET', path: of(`/containers/${ID}/json`), query: [] },
  { kind: 'pass', method: 'GET', path: /^\/events$/, query: ['since', 'filters'] },
  { kind: 'pass', method: 'GET', path: of(`/images/${IMAGE}/json`), query: [] },
  { kind: 'pass', method: 'POST', path: /^\/images\/create$/, query: ['fromImage', 'tag'] },
  { kind: 'create', method: 'POST', path: /^\/containers\/create$/, query: ['name'] },
  { kind: 'manage', method: 'POST', path: of(`/containers/${ID}/start`), query: [] },
  { kind: 'manage', method: 'POST', path: of(`/containers/${ID}/stop`), query: ['t'] },
  // The API's `mode=kill` ends nodes that somebody else started, too.
  { kind: 'pass', method: 'POST', path: of(`/containers/${ID}/kill`), query: [] },
  { kind: 'manage', method: 'DELETE', path: of(`/containers/${ID}`), query: ['v', 'force'] },
];

/** The call that a request makes; undefined when a controller makes no such call. Pure. */
export function allowedCall(method: string, target: string): Call | undefined {
  const [path = '', ...rest] = target.split('?');
  // A second question mark would be a matter of taste to each parser.
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
