import { WsClusterError } from '@wscluster/ring';
import { z } from 'zod';
import { MANAGED } from './managed.ts';

const port = z.string().regex(/^\d{1,5}\/tcp$/, 'must be a TCP port');

/** A network by name or id: no colon, so not the namespace of another container, and no slash. */
const network = z
  .string()
  .regex(/^[A-Za-z0-9][\w.-]*$/, "must be the name of a network, not another container's")
  .refine((name) => name !== 'host', "must not be the host's network");

/**
 * A container as the controller's Docker source creates it. Everything else is refused, including privileges,
 * capabilities, devices, mounts and namespaces of the host.
 */
const createdContainer = z.strictObject({
  Image: z.string().min(1),
  Labels: z
    .record(z.string(), z.string())
    .refine((labels) => labels[MANAGED.label] === MANAGED.value, `must have ${MANAGED.label}=${MANAGED.value}`),
  Env: z.array(z.string()),
  Cmd: z.array(z.string()).optional(),
  ExposedPorts: z.record(port, z.strictObject({})),
  StopTimeout: z.int().min(0),
  HostConfig: z.strictObject({
    Init: z.boolean(),
    RestartPolicy: z.strictObject({ Name: z.literal('no') }),
    NetworkMode: network.optional(),
    // A free port of the host, chosen by the engine.
    PortBindings: z.record(port, z.array(z.strictObject({ HostIp: z.string(), HostPort: z.literal('') }))).optional(),
  }),
});

/**
 * The same container, serialized again so that no parser can read it differently. Throws REQUEST_INVALID naming the
 * field.
 */
export function containerToCreate(body: string): string {
  const parsed = createdContainer.safeParse(parseJson(body));
  if (parsed.success) return JSON.stringify(parsed.data);
  const issue = parsed.error.issues[0];
  const field = issue?.path.join('.') ?? '';
  throw new WsClusterError(
    'REQUEST_INVALID',
    `a container with ${field === '' ? 'this body' : field}: ${issue?.message}`,
    { field },
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new WsClusterError('REQUEST_INVALID', 'a container whose body is not JSON', { cause: error });
  }
}
