import { z } from 'zod';

/** Labels or annotations. Their number is limited so that the API server can bound the cost of checking them. */
export const labelMap = z.record(z.string().min(1), z.string()).meta({ maxProperties: 64 });

/** Labels that a pod or container must all have. */
export const selectorLabels = labelMap
  .refine((labels) => Object.keys(labels).length > 0, 'must name at least one label')
  .meta({ minProperties: 1 });
