import { z } from 'zod';
import type { ReadinessRule } from '../ports/readiness-rule.ts';
import { cel } from './cel.ts';

const MESSAGE = 'needs one of http (a path), tcp: true and auto: true';

/** One of three; an object and no union, which a Kubernetes resource cannot have. */
export const readinessSchema = z
  .strictObject({
    http: z
      .string()
      .max(1024)
      .regex(/^\/[^\s#]*$/, 'must be a path')
      .optional()
      .describe('Path that answers a GET with a status below 400 when the node is ready.'),
    tcp: z.literal(true).optional().describe('A node is ready when it accepts connections.'),
    auto: z
      .literal(true)
      .optional()
      .describe(
        'An HTTP answer at /readyz decides (below 500: ready). A node that accepts connections but answers no HTTP is ready.',
      ),
  })
  .refine(({ http, tcp, auto }) => [http, tcp, auto].filter((one) => one !== undefined).length === 1, MESSAGE)
  .meta(cel({ rule: '[has(self.http), has(self.tcp), has(self.auto)].exists_one(given, given)', message: MESSAGE }))
  .describe(
    'When a node is ready. Default: `auto: true`. A HEALTHCHECK of the container or a readinessProbe of the pod goes first. ' +
      'In Kubernetes mode a template without a readinessProbe gets one; `auto` then checks by TCP.',
  );
export type ReadinessSpec = z.infer<typeof readinessSchema>;

/** Below which status an explicit path is ready: as kubelets count. */
const SUCCESS_BELOW = 400;
const ANSWERS_BELOW = 500;

/** The rule of a cluster. A `readinessPath` counts every status below 500, as it always has. */
export function readinessRule(readiness: ReadinessSpec | undefined, readinessPath?: string): ReadinessRule {
  if (readiness?.tcp === true) return { tcp: true };
  if (readiness?.http !== undefined) return { http: { path: readiness.http, below: SUCCESS_BELOW } };
  return readinessPath === undefined ? {} : { http: { path: readinessPath, below: ANSWERS_BELOW } };
}
