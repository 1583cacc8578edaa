import type { ErrorCode, WsClusterError } from '@wscluster/ring';
import type { Logger } from '@wscluster/service';
import { statusOf } from './errors.ts';
import { LimitLog } from './limit-log.ts';

/** What an operator should do about an answer of 500 or above. */
const ACTIONS: Partial<Record<ErrorCode, string>> = {
  OWNER_UNREACHABLE: 'check that the node is running and accepts connections at its address',
  OWNER_TIMEOUT: 'check why the node is slow; raise spec.gateway.limits.ownerSeconds if that is expected',
  OWNER_PROTOCOL: 'check what the node answers to upgrades',
  NO_RING: 'check that the controller is running and that this gateway can reach the bus or the store',
  NO_MEMBERS: 'check why no node is ready',
  SHUTTING_DOWN: 'none: clients reconnect to another gateway',
};

/**
 * Logs single requests with their ids: at debug, and at warn or error for answers of 500 and above. What a limit
 * refuses is counted instead.
 */
export class RequestLog {
  readonly #log: Logger;
  readonly #limits: LimitLog;

  constructor(log: Logger) {
    this.#log = log;
    this.#limits = new LimitLog(log);
  }

  upgraded(result: string, requestId: string): void {
    this.#log.debug({ event: 'upgrade', requestId, result }, `upgrade: ${result}`);
  }

  answered(status: number, requestId: string): void {
    this.#log.debug({ event: 'request', requestId, status }, `request: ${status}`);
  }

  refused(error: WsClusterError, requestId: string): void {
    const status = statusOf(error);
    if (error.code === 'LIMIT_REACHED' && status === 503) {
      this.#limits.refused(error.field ?? '', error.message);
      return;
    }
    const fields = { event: 'request-refused', requestId, code: error.code, status };
    if (status === 500) {
      const action = 'report this bug with the log';
      this.#log.error({ ...fields, error, action }, `answered 500: ${error.message}`);
    } else if (status > 500) {
      const action = ACTIONS[error.code] ?? 'check the reason';
      this.#log.warn({ ...fields, action }, `answered ${status}: ${error.message}`);
    } else this.#log.debug(fields, `answered ${status}: ${error.message}`);
  }
}
