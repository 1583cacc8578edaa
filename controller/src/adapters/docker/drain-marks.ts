import { WsClusterError } from '@wscluster/ring';
import { z } from 'zod';
import type { Documents } from '../../core/ports/documents.ts';

export const DRAINS_DOCUMENT = 'drains';

const marksSchema = z.record(z.string(), z.number());

/** Node ids, and when each began to drain, Unix ms. */
export type DrainTimes = Readonly<Record<string, number>>;

/** Which nodes are draining, for sources that cannot mark the nodes themselves. */
export interface DrainMarks {
  load(): Promise<DrainTimes>;
  save(times: DrainTimes): Promise<void>;
}

export function drainMarks(documents: Documents): DrainMarks {
  return {
    async load() {
      const parsed = marksSchema.safeParse((await documents.read(DRAINS_DOCUMENT)) ?? {});
      if (parsed.success) return parsed.data;
      throw new WsClusterError(
        'MESSAGE_INVALID',
        `the stored ${DRAINS_DOCUMENT} are damaged; delete them to start afresh`,
        {
          cause: parsed.error,
        },
      );
    },
    save: (times) => documents.write(DRAINS_DOCUMENT, times),
  };
}
