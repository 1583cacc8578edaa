import { WsClusterError } from '@wscluster/ring';
import { z } from 'zod';

// What the command line reads of the API's answers. Fields that it does not show are let through.

const revision = z.object({ epoch: z.number(), version: z.number() });

export const ownerShape = z.object({
  key: z.string(),
  slot: z.number(),
  nodeId: z.string(),
  address: z.string(),
  state: z.string(),
  revision,
});

const work = z.object({ slots: z.number(), connections: z.number() });

export const ringShape = z.object({
  revision,
  movableUpTo: revision,
  members: z.array(
    z.object({
      ringId: z.number(),
      nodeId: z.string(),
      address: z.string(),
      state: z.string(),
      weight: z.number(),
      slots: z.number(),
      share: z.number(),
    }),
  ),
  vacancies: z.array(z.object({ ringId: z.number(), nodeId: z.string() })),
  remaining: z.object({ lost: work, drain: work, balance: work }),
  /** Index into `members` by slot; with `?slots=true` only. */
  table: z.array(z.number()).optional(),
});

export const nodesShape = z.object({
  nodes: z.array(
    z.object({
      id: z.string(),
      address: z.string().nullable(),
      state: z.string(),
      weight: z.number().nullable(),
      slots: z.number(),
      share: z.number(),
      connections: z.number(),
    }),
  ),
});

export const gatewaysShape = z.object({
  gateways: z.array(
    z.object({
      id: z.string(),
      address: z.string(),
      applied: revision,
      inSync: z.boolean(),
      connections: z.number(),
      moved: z.number(),
      secondsSinceReport: z.number(),
    }),
  ),
});

export const addedShape = z.object({ id: z.string() });

export const clustersShape = z.object({
  clusters: z.array(
    z.object({
      name: z.string(),
      status: z.object({
        conditions: z.array(z.object({ type: z.string(), status: z.string(), message: z.string() })),
        ring: z.object({ ...revision.shape, digest: z.string() }),
        nodes: z.object({ desired: z.number(), ready: z.number(), draining: z.number() }),
        gateways: z.object({ ready: z.number(), inSync: z.number() }),
      }),
    }),
  ),
});

const change = z.object({ gained: z.number(), lost: z.number() });

export const planShape = z.object({
  revision,
  slots: z.number(),
  connections: z.number(),
  nodes: z.array(z.object({ id: z.string(), slots: change, connections: change })),
});

export const eventShape = z.object({ at: z.string(), type: z.string(), message: z.string() });

/** An answer of the API as `shape` has it. Throws MESSAGE_INVALID naming the field: the API is of another version. */
export function readAnswer<T>(shape: z.ZodType<T>, answer: unknown): T {
  const read = shape.safeParse(answer);
  if (read.success) return read.data;
  const { path, message } = read.error.issues[0] ?? { path: [], message: 'is not understood' };
  throw new WsClusterError('MESSAGE_INVALID', `the API's answer, field ${path.join('.') || '(all)'}: ${message}`);
}
