import type { IncomingMessage, ServerResponse } from 'node:http';
import { WsClusterError } from '@wscluster/ring';
import type { Answerable, Pending } from './late-answers.ts';

/** A plain request and its answer, from its turn on until the answer is sent. It can be cancelled in any stage. */
export class Exchange implements Answerable {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly requestId: string;
  pending: Pending | undefined = undefined;
  #reason: WsClusterError | undefined;
  #unseen = false;
  #endless = false;
  #onCancel: (reason: WsClusterError) => void = nothing;

  constructor(req: IncomingMessage, res: ServerResponse, requestId: string) {
    this.req = req;
    this.res = res;
    this.requestId = requestId;
    // 'close' follows each of them.
    req.on('error', nothing);
    res.on('error', nothing);
    res.on('close', () => {
      if (!res.writableFinished) this.cancel(new WsClusterError('REQUEST_INVALID', 'the client disconnected'));
    });
  }

  /** Begins a stage. `onCancel` must end it; it is called at once if the exchange has been cancelled already. */
  enter(onCancel: (reason: WsClusterError) => void): void {
    this.#onCancel = onCancel;
    if (this.#reason !== undefined) onCancel(this.#reason);
  }

  /** For the time between two stages. */
  throwIfCancelled(): void {
    if (this.#reason !== undefined) throw this.#reason;
  }

  /** Nobody would notice if the client went. */
  clientUnseen(): void {
    this.#unseen = true;
    if (this.#endless) this.res.destroy();
  }

  /** The answer may last for ever, which is possible only as long as the end of the client would be noticed. */
  mayNotEnd(): void {
    this.#endless = true;
    if (this.#unseen) this.res.destroy();
  }

  /** The first reason counts. */
  cancel(reason: WsClusterError): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    this.#onCancel(reason);
  }
}

function nothing(): void {}
