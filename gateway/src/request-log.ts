import type { ErrorCode, WsClusterError } from '@wscluster/ring';
import type { Logger } from '@wscluster/service';
import { refusalOf } from './errors.ts';

/** What an operator does about an answer of 500 and above. */
const ACTIONS: Partial<Record<ErrorCode, string>> = {
  OWNER_UNREACHABLE: 'see that the node runs and takes connections at its address',
  OWNER_TIMEOUT: 'see why the node is slow; raise spec.gateway.limits.ownerSeconds when it may be',
  OWNER_PROTOCOL: 'see what the node answers to upgrades',
  NO_RING: 'see that the controller runs and that this gateway reaches the bus or the store',
  NO_MEMBERS: 'see why no node is ready',
  LIMIT_REACHED: 'add gateways, or raise the limit under spec.gateway.limits',
  SHUTTING_DOWN: 'none: clients come back to another gateway',
};

/** The log lines about single requests: at debug, but for answers of 500 and above. Each has the request's id. */
export class RequestLog {
  readonly #log: Logger;

  constructor(log: Logger) {
    this.#log = log;
  }

  upgraded(result: string, requestId: string): void {
    this.#log.debug({ event: 'upgrade', requestId, result }, `upgrade: ${result}`);
  }

  answered(status: number, requestId: string): void {
    this.#log.debug({ event: 'request', requestId, status }, `request: ${status}`);
  }

  refused(error: WsClusterError, requestId: string): void {
    const { status } = refusalOf(error, requestId);
    const fields = { event: 'request-refused', requestId, code: error.code, status };
    if (status === 500) {
      const action = 'report this defect with the log';
      this.#log.error({ ...fields, error, action }, `answered 500: ${error.message}`);
    } else if (status > 500) {
      const action = ACTIONS[error.code] ?? 'see the reason';
      this.#log.warn({ ...fields, action }, `answered ${status}: ${error.message}`);
    } else this.#log.debug(fields, `answered ${status}: ${error.message}`);
  }
}
