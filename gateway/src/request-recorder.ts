import type { Logger } from '@wscluster/service';
import type { DataPlaneContext } from './data-plane.ts';
import { limitOf } from './errors.ts';
import type { SweptLimit } from './limits.ts';
import { type Counts, count } from './metrics.ts';
import { RequestLog } from './request-log.ts';

export interface RequestRecorder extends Pick<DataPlaneContext, 'onUpgrade' | 'onAnswer' | 'onRefusal'> {
  /** A limit has ended an open connection. */
  onLimit(limit: SweptLimit, nodeId: string): void;
}

/** Counts and logs how each request ended, and which connections a limit ended. */
export function createRequestRecorder(counts: Counts, log: Logger): RequestRecorder {
  const requests = new RequestLog(log);
  return {
    onUpgrade(result, requestId) {
      count(counts.upgrades, result);
      requests.upgraded(result, requestId);
    },
    onAnswer(status, requestId) {
      count(counts.httpAnswers, status);
      requests.answered(status, requestId);
    },
    onRefusal(error, requestId) {
      const limit = limitOf(error);
      if (limit !== undefined) count(counts.limited, limit);
      requests.refused(error, requestId);
    },
    onLimit(limit, node) {
      count(counts.limited, limit);
      log.debug({ event: 'connection-limited', limit, node }, `connection ended by ${limit}`);
    },
  };
}
