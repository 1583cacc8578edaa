import { z } from 'zod';
import { PATH_PATTERN, PREFIX_PATTERN, pathProblem, placeholdersOf, prefixProblem, shapeOf } from './pattern.ts';

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const text = z.string().min(1).max(128);
const token = z.string().max(128).regex(TOKEN, 'must be a header or cookie name');
const cookieName = z
  .string({ error: 'must be a name; a generated cookie is { cookie: name, generate: {} }' })
  .max(128)
  .regex(TOKEN, 'must be a header or cookie name');

/** What to say of a key that is no object. */
const KEY_FORM = 'must be { none: true }, or where the key is, such as { query: userId }';

/** Messages ignore fields that they do not know; declarations refuse them. */
type ObjectOf = typeof z.object;

function sourceShape(object: ObjectOf) {
  return {
    param: text.optional().describe('Name of a {placeholder} of the path.'),
    query: text.optional().describe('Name of a query parameter.'),
    header: token.optional().describe('Name of a request header.'),
    cookie: cookieName.optional().describe('Name of a cookie.'),
    generate: object({
      maxAge: z
        .int()
        .min(1)
        .max(34_560_000)
        .optional()
        .describe('Seconds for which browsers keep the cookie. Default: until the browser is closed.'),
      secure: z.boolean().optional().describe('Browsers send the cookie by HTTPS only. Default: false.'),
      sameSite: z
        .enum(['Strict', 'Lax', 'None'])
        .optional()
        .describe('Whether browsers send the cookie with requests from other sites. Default: Lax.'),
    })
      .optional()
      .describe('With cookie: a client without the cookie gets one with a random key.'),
    subprotocol: object({
      prefix: z
        .string()
        .max(128)
        .regex(TOKEN, 'must be the beginning of a subprotocol')
        .describe('What the subprotocol begins with; the key is what follows.'),
      remove: z.boolean().optional().describe('The node does not see the subprotocol. Default: false.'),
    })
      .optional()
      .describe('The offered WebSocket subprotocol that has the key behind a prefix.'),
  };
}

/** Where the key is. `object`: z.object for messages, z.strictObject for declarations. */
export function keyShape(object: ObjectOf) {
  const sources = z
    .array(object(sourceShape(object)))
    .min(2)
    .max(8)
    .optional();
  return {
    ...sourceShape(object),
    first: sources.describe('The first of these sources that the request has.'),
    all: sources.describe('All of these sources, joined to one key.'),
    node: object({
      param: text.optional().describe('Name of a {placeholder} of the path.'),
      query: text.optional().describe('Name of a query parameter.'),
      header: token.optional().describe('Name of a request header.'),
    })
      .optional()
      .describe('The request goes to the node of this id or name; there is no key.'),
    none: z.literal(true).optional().describe('There is no key: any ready node serves the request.'),
  };
}

/** The fields of a route but its key. */
export function routeShape(object: ObjectOf) {
  return {
    name: z.string().max(64).optional().describe('Tells routes for the same path apart.'),
    path: z
      .string()
      .max(1024)
      .optional()
      .meta({ pattern: PATH_PATTERN })
      .describe(
        'Path of literal segments, {name} for one segment and {name...} for the rest, such as /connect/{userId}.',
      ),
    prefix: z
      .string()
      .max(1024)
      .optional()
      .meta({ pattern: PREFIX_PATTERN })
      .describe('Instead of path: this path and all paths below it, such as /app.'),
    protocol: z
      .enum(['websocket', 'http'])
      .optional()
      .describe('The route serves only WebSocket upgrades, or only plain HTTP. Default: both.'),
    methods: z
      .array(
        z
          .string()
          .max(32)
          .regex(/^[A-Z][A-Z-]*$/, 'must be a method such as GET'),
      )
      .min(1)
      .max(16)
      .optional()
      .describe('The methods that the route serves. GET includes HEAD; OPTIONS is always served. Default: all.'),
    mode: z
      .enum(['reconnect', 'migrate'])
      .optional()
      .describe('How WebSockets of this route move to a new owner. Default: rebalance.mode.'),
    rewrite: object({
      prefix: z
        .string()
        .max(1024)
        .meta({ pattern: PREFIX_PATTERN })
        .describe('Literal beginning of the path to replace.'),
      replacement: z
        .string()
        .max(1024)
        .optional()
        .meta({ pattern: PREFIX_PATTERN })
        .describe('What the node gets instead. Default: /, which strips the prefix.'),
    })
      .optional()
      .describe('Changes the path for the node.'),
  };
}

/** An option of zod, for keys that are no objects; unknown fields have messages of their own. */
export const keyForm = {
  error: ({ code }: { readonly code?: string }) => (code === 'invalid_type' ? KEY_FORM : undefined),
};

export const routeSchema = z
  .object({ ...routeShape(z.object), key: z.object(keyShape(z.object), keyForm) })
  .superRefine((route, ctx) => refuse(routeProblems(route), ctx));
export type Route = Readonly<z.infer<typeof routeSchema>>;
export type Key = Route['key'];
type SourceShape = ReturnType<typeof sourceShape>;
export type KeySource = Readonly<z.infer<z.ZodObject<SourceShape>>>;

/** Something wrong with a field, as in an issue of zod. */
export interface Problem {
  readonly path: (string | number)[];
  readonly message: string;
}

export function refuse(problems: readonly Problem[], ctx: z.RefinementCtx): void {
  for (const { path, message } of problems) ctx.addIssue({ code: 'custom', path, message });
}

const SOURCES = ['param', 'query', 'header', 'cookie', 'subprotocol'] as const;
export const KEY_KINDS = [...SOURCES, 'first', 'all', 'node', 'none'] as const;

/** The rules of a route that go beyond one field. */
export function routeProblems(route: Route): Problem[] {
  return [...pathProblems(route), ...keyProblems(route), ...rewriteProblems(route), ...methodsProblems(route)];
}

function pathProblems({ path, prefix }: Route): Problem[] {
  if (path && prefix) return [{ path: ['prefix'], message: 'must not be given together with path' }];
  if (prefix) return problem(['prefix'], prefixProblem(prefix));
  return problem(['path'], pathProblem(path ?? '') ?? undefined);
}

function keyProblems({ path, key }: Route): Problem[] {
  const kinds = KEY_KINDS.filter((kind) => key[kind] !== undefined);
  if (kinds.length !== 1) return problem(['key'], `must have exactly one of ${KEY_KINDS.join(', ')}`);
  const names = path && pathProblem(path) === undefined ? placeholdersOf(path) : [];
  const list = key.first ?? key.all;
  if (list === undefined) {
    const { node } = key;
    if (node === undefined) return sourceProblems(key, ['key'], names);
    const given = [node.param, node.query, node.header].filter((name) => name !== undefined);
    if (given.length !== 1) return problem(['key', 'node'], 'must have exactly one of param, query, header');
    return paramProblems(node.param, ['key', 'node'], names);
  }
  const at = key.first === undefined ? 'all' : 'first';
  return list.flatMap((source, index) => {
    const field = ['key', at, index];
    if (SOURCES.filter((kind) => source[kind] !== undefined).length !== 1)
      return problem(field, `must have exactly one of ${SOURCES.join(', ')}`);
    // Nothing behind it would ever be looked at.
    if (at === 'first' && index < list.length - 1 && (source.generate !== undefined || source.param !== undefined))
      return problem(field, 'must be the last: every request has it');
    return sourceProblems(source, field, names);
  });
}

function sourceProblems(source: KeySource, field: (string | number)[], names: readonly string[]): Problem[] {
  const { cookie = '', generate } = source;
  if (generate !== undefined) {
    if (cookie === '') return problem([...field, 'generate'], 'is only allowed with cookie');
    if (generate.secure !== true && generate.sameSite === 'None')
      return problem([...field, 'generate', 'secure'], 'must be true with sameSite: None');
    if (generate.secure !== true && /^__(secure|host)-/i.test(cookie))
      return problem([...field, 'generate', 'secure'], 'must be true for a cookie of this name');
  }
  return paramProblems(source.param, field, names);
}

function paramProblems(param: string | undefined, field: (string | number)[], names: readonly string[]): Problem[] {
  if (param === undefined || names.includes(param)) return [];
  return problem([...field, 'param'], `must be a placeholder of the path: ${names.join(', ') || 'it has none'}`);
}

function rewriteProblems({ path, prefix, rewrite }: Route): Problem[] {
  if (rewrite === undefined) return [];
  const at = (field: 'prefix' | 'replacement') => problem(['rewrite', field], prefixProblem(rewrite[field] ?? '/'));
  const template = path || prefix || '';
  const begins = rewrite.prefix === '/' || template === rewrite.prefix || template.startsWith(`${rewrite.prefix}/`);
  const wrong = [...at('prefix'), ...at('replacement')];
  if (wrong.length > 0 || begins) return wrong;
  return problem(['rewrite', 'prefix'], `must be whole segments that ${template} begins with`);
}

function methodsProblems({ protocol, methods }: Route): Problem[] {
  if (methods === undefined || protocol !== 'websocket') return [];
  return problem(['methods'], 'must not be given with protocol: websocket; an upgrade is always a GET');
}

function problem(path: (string | number)[], message: string | undefined): Problem[] {
  return message === undefined ? [] : [{ path, message }];
}

/**
 * How much a route asks of a request beyond its path. Of the routes for a path the one that asks most is looked at
 * first.
 */
export function strictness({ protocol, methods }: Pick<Route, 'protocol' | 'methods'>): number {
  return (protocol === undefined ? 0 : 2) + (methods === undefined ? 0 : 1);
}

/** Whether some request is served by both routes, as far as method and protocol decide. */
export function overlap(a: Pick<Route, 'protocol' | 'methods'>, b: Pick<Route, 'protocol' | 'methods'>): boolean {
  const protocols = (['websocket', 'http'] as const).filter(
    (one) => serves(a.protocol, one) && serves(b.protocol, one),
  );
  const [some, others] = [methodsOf(a), methodsOf(b)];
  return protocols.some((protocol) => {
    if (protocol === 'websocket') return (some?.has('GET') ?? true) && (others?.has('GET') ?? true);
    return some === undefined || others === undefined || [...some].some((method) => others.has(method));
  });
}

function serves(protocol: Route['protocol'], one: 'websocket' | 'http'): boolean {
  return protocol === undefined || protocol === one;
}

/** With HEAD, if there is GET. Undefined: all. */
export function methodsOf({ methods }: Pick<Route, 'methods'>): ReadonlySet<string> | undefined {
  if (methods === undefined) return undefined;
  return new Set(methods.includes('GET') ? [...methods, 'HEAD'] : methods);
}

/** Routes that serve the same requests as an earlier one. */
export function doubledRoutes(routes: readonly Route[]): Problem[] {
  const shapes = routes.map(shapeOf);
  return routes.flatMap((route, index) => {
    const first = routes.findIndex(
      (other, at) =>
        at < index && shapes[at] === shapes[index] && strictness(other) === strictness(route) && overlap(other, route),
    );
    const message = `matches the same requests as routes[${first}]; they differ in neither path, protocol nor methods`;
    return first < 0 ? [] : [{ path: ['routes', index, route.path ? 'path' : 'prefix'], message }];
  });
}
