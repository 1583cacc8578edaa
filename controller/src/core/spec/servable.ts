import { WsClusterError } from '@wscluster/ring';
import { z } from 'zod';
import { type FieldNotes, type Mode, modeNames } from './modes.ts';
import { type ClusterSpec, type WsCluster, wsClusterSchema } from './schema.ts';

/** The parts of a field's JSON schema that matter here. */
interface FieldSchema extends FieldNotes {
  readonly properties?: Readonly<Record<string, FieldSchema>>;
  readonly default?: unknown;
}

const specSchema = z.toJSONSchema(wsClusterSchema.shape.spec, { io: 'input' }) as FieldSchema;

/** A Service is named after the cluster, and its name must begin with a letter. */
const KUBERNETES_NAME = /^[a-z]([-a-z0-9]{0,48}[a-z0-9])?$/;

/**
 * Checks what the schema cannot, because it is the same for all modes: whether the cluster can be served in this one.
 * Throws CONFIG_INVALID naming the field, for what Kubernetes requires, and for what only another mode has. `given` is
 * the spec before defaults, of which each field counts; without it a field counts if it differs from its default.
 */
export function servableIn(mode: Mode, cluster: WsCluster, given?: unknown): void {
  const { name } = cluster.metadata;
  const refuse = ({ field, message }: Problem) => {
    throw new WsClusterError('CONFIG_INVALID', `cluster ${name}: ${field}: ${message}`, { field });
  };
  const foreign = given === undefined ? changedForeign(mode, cluster) : givenForeign(mode, given);
  if (foreign !== undefined) refuse(foreign);
  if (mode !== 'kubernetes') return;
  const problem = KUBERNETES_NAME.test(name)
    ? kubernetesProblem(cluster.spec)
    : {
        field: 'metadata.name',
        message: 'must be 1 to 50 lower-case letters, digits and dashes, and begin with a letter',
      };
  if (problem !== undefined) refuse(problem);
}

interface Problem {
  readonly field: string;
  readonly message: string;
}

function kubernetesProblem({ nodes, bus, store }: ClusterSpec): Problem | undefined {
  if (bus === undefined)
    return { field: 'spec.bus.rabbitmq.secretRef', message: 'is required: the Secret with the URL of RabbitMQ' };
  if (store === undefined)
    return { field: 'spec.store.redis.secretRef', message: 'is required: the Secret with the URL of Redis' };
  if ((nodes.template === undefined) === (nodes.selector === undefined))
    return { field: 'spec.nodes', message: 'needs exactly one of template and selector' };
  if (nodes.selector !== undefined && (nodes.replicas ?? 0) > 0)
    return {
      field: 'spec.nodes.replicas',
      message: 'is not allowed with selector: scale what creates the pods, such as their Deployment',
    };
  return undefined;
}

/** As the API server sends it: with defaults. */
function changedForeign(mode: Mode, { spec }: WsCluster): Problem | undefined {
  const field = foreignField(specSchema, spec, mode, 'spec', false);
  if (field === undefined) return undefined;
  return { field, message: 'is not allowed on Kubernetes; spec.nodes.template describes the pods' };
}

/** The first field of a file that the mode does not have. */
function givenForeign(mode: Mode, given: unknown, schema = specSchema, path = 'spec'): Problem | undefined {
  if (typeof given !== 'object' || given === null) return undefined;
  for (const [name, value] of Object.entries(given)) {
    const field = schema.properties?.[name];
    const modes = field?.['x-wscluster-modes'];
    const at = `${path}.${name}`;
    if (modes?.includes(mode) === false)
      return { field: at, message: `is only for ${modeNames(modes)} mode${INSTEAD[mode][name] ?? ''}; remove it` };
    const inside = field === undefined ? undefined : givenForeign(mode, value, field, at);
    if (inside !== undefined) return inside;
  }
  return undefined;
}

/** What does in the mode what the field does in another one. */
const INSTEAD: Record<Mode, Readonly<Record<string, string>>> = {
  local: {
    port: '. In local mode each node gets a port of its own, in PORT and for {port} in spec.nodes.command',
    image: '. In local mode spec.nodes.command says what runs',
    template: '. In local mode spec.nodes.command says what runs',
    readinessPath: '. In local mode spec.nodes.readiness says when a node is ready',
  },
  docker: { template: '. In Docker mode spec.nodes.image says what runs' },
  kubernetes: {},
};

/** The first field that the mode does not have and that is set; a default does not count. */
function foreignField(
  schema: FieldSchema,
  value: unknown,
  mode: Mode,
  path: string,
  inForeign: boolean,
): string | undefined {
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    const given: unknown = (value as Record<string, unknown>)[name];
    if (given === undefined) continue;
    const at = `${path}.${name}`;
    const foreign = inForeign || field['x-wscluster-modes']?.includes(mode) === false;
    if (foreign && field.default === undefined) return at;
    if (foreign && JSON.stringify(given) === JSON.stringify(field.default)) continue;
    if (foreign && field.properties === undefined) return at;
    const inside = foreignField(field, given, mode, at, foreign);
    if (inside !== undefined) return inside;
  }
  return undefined;
}
