import { type Logger, logBug, Trouble } from '@wscluster/service';
import type { DataPlaneContext } from './data-plane.ts';
import { limitOf } from './errors.ts';
import type { SweptLimit } from './limits.ts';
import { type Counts, count } from './metrics.ts';
import { RequestLog } from './request-log.ts';

export interface RequestRecorder
  extends Pick<
    DataPlaneContext,
    'onUpgrade' | 'onMigrating' | 'onMigration' | 'onAnswer' | 'onRefusal' | 'onAcceptFailed' | 'onBug'
  > {
  /** A limit has ended an open connection. */
  onLimit(limit: SweptLimit, nodeId: string): void;
}

/** Counts and logs how each request ended, and which connections a limit ended. */
export function createRequestRecorder(counts: Counts, log: Logger): RequestRecorder {
  const requests = new RequestLog(log);
  const accepting = new Trouble(log);
  return {
    onUpgrade(result, requestId) {
      count(counts.upgrades, result);
      requests.upgraded(result, requestId);
    },
    onMigrating() {
      let isDecided = false;
      counts.undecided++;
      return () => {
        if (!isDecided) counts.undecided--;
        isDecided = true;
      };
    },
    onMigration(outcome) {
      count(counts.migrations, outcome.kind === 'failed' ? outcome.fault : outcome.kind);
      if (outcome.kind === 'migrated') counts.blackouts.observe(outcome.blackoutMs / 1000);
      else if (outcome.kind === 'failed')
        log.debug({ event: 'migration-failed', reason: outcome.fault }, `told to reconnect instead: ${outcome.fault}`);
    },
    onAnswer(status, requestId) {
      accepting.recovered();
      count(counts.httpAnswers, status);
      requests.answered(status, requestId);
    },
    onRefusal(error, requestId) {
      const limit = limitOf(error);
      if (limit !== undefined) count(counts.limited, limit);
      requests.refused(error, requestId);
    },
    onAcceptFailed(error) {
      count(counts.limited, 'fileDescriptors');
      const action = 'raise the limit on open files (ulimit -n), or add gateways';
      accepting.failed({ event: 'accept-failed', error, action }, `a connection was not accepted: ${error.message}`);
    },
    onBug(event, error) {
      counts.bugs++;
      logBug(log, event, error);
    },
    onLimit(limit, node) {
      count(counts.limited, limit);
      log.debug({ event: 'connection-limited', limit, node }, `connection ended by ${limit}`);
    },
  };
}
