import type { SwaggerTransformObject } from '@fastify/swagger';
import { jsonSchemaTransformObject } from 'fastify-type-provider-zod';

/** In version 3.1 a schema is JSON Schema. */
export const OPENAPI = {
  openapi: '3.1.0',
  info: {
    title: 'wscluster controller',
    version: 'v1',
    description:
      'Later versions may add fields to answers, and words to what is one of several; ignore those you do not know. ' +
      'While no leader can be asked, reads are answered by what was last known, with its time in X-WsCluster-Known-At.',
  },
};

type Schemas = Record<string, unknown>;
type Document = ReturnType<SwaggerTransformObject>;

const REF = '#/components/schemas/';

/**
 * The document, with one component for each used schema that has an id. The type provider makes two of each, `Plan` for
 * answers and `PlanInput` for requests, and closes answers to further fields.
 */
export const tidied: SwaggerTransformObject = (document) => {
  const { components, paths, ...rest } = JSON.parse(JSON.stringify(jsonSchemaTransformObject(document))) as {
    readonly components: { readonly schemas: Schemas };
    readonly paths: unknown;
  };
  const used = usedIn(paths, components.schemas);
  const nameOf = (id: string) => (forRequests(id) && !used.has(withoutSuffix(id)) ? withoutSuffix(id) : id);
  const schemas: Schemas = {};
  for (const id of [...used].sort()) {
    const schema = components.schemas[id];
    schemas[nameOf(id)] = forRequests(id) ? schema : openedUp(schema);
  }
  const text = JSON.stringify({ ...rest, paths, components: { schemas } }, (key, value: unknown) => {
    if (key === '$ref' && typeof value === 'string') return REF + nameOf(value.slice(REF.length));
    // No bound: JSON numbers cannot hold more anyway.
    return Math.abs(Number(value)) === Number.MAX_SAFE_INTEGER ? undefined : value;
  });
  return JSON.parse(text) as Document;
};

/** Ids of the components that a part of the document refers to, directly or through others. */
function usedIn(part: unknown, schemas: Schemas, used = new Set<string>()): Set<string> {
  for (const [, id = ''] of JSON.stringify(part).matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
    if (used.has(id)) continue;
    used.add(id);
    usedIn(schemas[id], schemas, used);
  }
  return used;
}

function openedUp(schema: unknown): unknown {
  return JSON.parse(JSON.stringify(schema), (key, value: unknown) =>
    key === 'additionalProperties' && value === false ? undefined : value,
  );
}

function forRequests(id: string): boolean {
  return id.endsWith('Input');
}

function withoutSuffix(id: string): string {
  return id.slice(0, -'Input'.length);
}
