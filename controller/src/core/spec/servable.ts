import { WsClusterError } from '@wscluster/ring';
import { z } from 'zod';
import type { FieldNotes, Mode } from './modes.ts';
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
 * Throws CONFIG_INVALID naming the field, for what Kubernetes requires, and for what only the other kind of declaration
 * (file or resource) may set.
 */
export function servableIn(mode: Mode, cluster: WsCluster): void {
  const { name } = cluster.metadata;
  const refuse = ({ field, message }: Problem) => {
    throw new WsClusterError('CONFIG_INVALID', `cluster ${name}: ${field}: ${message}`, { field });
  };
  const foreign = foreignField(specSchema, cluster.spec, mode, 'spec', false);
  if (foreign !== undefined)
    refuse({
      field: foreign,
      message:
        mode === 'kubernetes'
          ? 'is not allowed on Kubernetes; spec.nodes.template describes the pods'
          : 'is only allowed on Kubernetes (--source kubernetes); remove it',
    });
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
    const foreign = inForeign || !knows(field['x-wscluster-modes'], mode);
    if (foreign && field.default === undefined) return at;
    if (foreign && JSON.stringify(given) === JSON.stringify(field.default)) continue;
    if (foreign && field.properties === undefined) return at;
    const inside = foreignField(field, given, mode, at, foreign);
    if (inside !== undefined) return inside;
  }
  return undefined;
}

/** A file may serve both modes that read files; each uses the fields that it has. */
function knows(modes: readonly Mode[] | undefined, mode: Mode): boolean {
  if (modes === undefined) return true;
  return mode === 'kubernetes' ? modes.includes(mode) : modes.some((one) => one !== 'kubernetes');
}
