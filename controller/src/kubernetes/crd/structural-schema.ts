import type { CelRule } from '../../core/spec/cel.ts';
import { type FieldNotes, modePrefix } from '../../core/spec/modes.ts';

/** The part of zod's schema output that matters here. */
export interface JsonSchema extends FieldNotes {
  readonly [keyword: string]: unknown;
  readonly type?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly 'x-kubernetes-validations'?: readonly CelRule[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly additionalProperties?: false | JsonSchema;
}

/** The order of keywords for readers; all others follow after these. */
const ORDER = [
  ...['description', 'type', 'format', 'anyOf', 'enum', 'default', 'minimum', 'maximum', 'pattern'],
  ...['minLength', 'maxLength', 'minItems', 'maxItems', 'minProperties', 'maxProperties'],
];
const LAST = [
  ...['x-kubernetes-int-or-string', 'x-kubernetes-preserve-unknown-fields', 'x-kubernetes-list-type'],
  ...[
    'x-kubernetes-list-map-keys',
    'x-kubernetes-validations',
    'additionalProperties',
    'items',
    'required',
    'properties',
  ],
];

/** As in the core types: 2, `500m`, `128Mi`. */
const QUANTITY = {
  anyOf: [{ type: 'integer' }, { type: 'string' }],
  pattern:
    '^(\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))))?$',
};

/**
 * A JSON schema for the API server: structural, without what only other modes have. Throws on what cannot be expressed.
 */
export function structural(schema: JsonSchema, path = ''): JsonSchema {
  const result: Record<string, unknown> = {};
  for (const [keyword, value] of Object.entries(schema))
    if (!keyword.startsWith('x-wscluster-') && value !== undefined) result[keyword] = value;

  const modes = schema['x-wscluster-modes'];
  if (schema.description !== undefined)
    result.description = modes === undefined ? schema.description : sentence(schema.description, modePrefix(modes));
  // A required field has no default.
  if (schema['x-wscluster-required'] === true) delete result.default;
  if (schema['x-kubernetes-int-or-string'] === true) return ordered({ ...result, ...QUANTITY });

  if (schema.type === 'integer') Object.assign(result, integerRange(schema));
  if (schema.type === 'number') Object.assign(result, fractionRule(schema));
  if (schema.type === 'array') {
    result['x-kubernetes-list-type'] ??= 'atomic';
    result.items = structural(schema.items ?? {}, `${path}[]`);
  }
  if (schema.type === 'object') asObject(schema, result, path);
  // The format checks it; zod's pattern says the same once more.
  if (schema.format === 'date-time') delete result.pattern;
  if (typeof result.pattern === 'string') result.pattern = result.pattern.replaceAll('\\/', '/');
  if (result.type === undefined) throw new Error(`${path}: not structural: ${JSON.stringify(schema)}`);
  return ordered(result);
}

function asObject(schema: JsonSchema, result: Record<string, unknown>, path: string): void {
  const { additionalProperties: others } = schema;
  delete result.additionalProperties;
  if (others !== undefined && others !== false) {
    if (Object.keys(others).length === 0) result['x-kubernetes-preserve-unknown-fields'] = true;
    else result.additionalProperties = structural(others, `${path}{}`);
  }
  const fields = Object.entries(schema.properties ?? {}).filter(
    ([, field]) => field['x-wscluster-modes']?.includes('kubernetes') !== false,
  );
  if (fields.length === 0) {
    delete result.properties;
    return;
  }
  result.properties = Object.fromEntries(fields.map(([name, field]) => [name, structural(field, `${path}.${name}`)]));
  const required = fields
    .filter(([name, field]) => field['x-wscluster-required'] === true || schema.required?.includes(name))
    .map(([name]) => name);
  if (required.length > 0) result.required = required;
}

const MAX_INT32 = 2_147_483_647;

/** zod writes JavaScript's safe integers where there is no bound: they are left out, and the format covers the rest. */
function integerRange({ minimum, maximum = Number.MAX_SAFE_INTEGER }: JsonSchema): Record<string, unknown> {
  return {
    format: maximum <= MAX_INT32 ? 'int32' : 'int64',
    minimum: minimum === Number.MIN_SAFE_INTEGER ? undefined : minimum,
    maximum: maximum >= MAX_INT32 ? undefined : maximum,
  };
}

/**
 * The API server compares a whole number with the whole part of a bound (so 0 passes a minimum of 0.01), but compares
 * exactly in CEL.
 */
function fractionRule({ minimum, 'x-kubernetes-validations': rules = [] }: JsonSchema): Record<string, unknown> {
  if (minimum === undefined || Number.isInteger(minimum)) return {};
  const rule = { rule: `self >= ${minimum}`, message: `must be at least ${minimum}` };
  return { 'x-kubernetes-validations': [...rules, rule] };
}

function sentence(description: string, prefix: string): string {
  const text = description.slice(prefix.length);
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}

function ordered(schema: Record<string, unknown>): JsonSchema {
  const middle = Object.keys(schema).filter((keyword) => !ORDER.includes(keyword) && !LAST.includes(keyword));
  const keywords = [...ORDER, ...middle.sort(), ...LAST].filter((keyword) => schema[keyword] !== undefined);
  return Object.fromEntries(keywords.map((keyword) => [keyword, schema[keyword]]));
}
