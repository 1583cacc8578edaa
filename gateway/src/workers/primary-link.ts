import { type Broadcast, type RingMessage, type Uplink, WsClusterError } from '@wscluster/ring';
import { withDeadline } from '@wscluster/service';
import type { FollowerHandlers, RingBusFollower, RingReader } from '@wscluster/transport';
import type { FromWorker, ToWorker, WorkerOptions } from './messages.ts';

/** The worker's end of its channel to the primary, which has the only connections to the bus and to the store. */
export class PrimaryLink implements RingBusFollower, RingReader {
  readonly #begun = Promise.withResolvers<WorkerOptions>();
  #connected = false;
  #handlers: FollowerHandlers | undefined;
  #loading: PromiseWithResolvers<RingMessage | undefined> | undefined;

  /** Resolves when the primary has said what to do. Rejects with INTERNAL after `ms`. */
  begun(ms: number): Promise<WorkerOptions> {
    const late = () => new WsClusterError('INTERNAL', 'the primary did not say what to do');
    return withDeadline({ ms, late }, () => this.#begun.promise);
  }

  /** Takes what the primary says. Nothing may be missed from the start on: it says each thing once. */
  take(message: ToWorker): void {
    if (message.say === 'begin') {
      this.#connected = message.connected;
      this.#begun.resolve(message.options);
    } else if (message.say === 'broadcast') this.#handlers?.onBroadcast(message.message satisfies Broadcast);
    else if (message.say === 'connected') {
      this.#connected = message.connected;
      if (message.connected) this.#handlers?.onConnected();
      else this.#handlers?.onDisconnected();
    } else if (message.say === 'loaded') this.#loading?.resolve(message.ring);
    else if (message.say === 'load-failed')
      this.#loading?.reject(new WsClusterError('STORE_UNAVAILABLE', message.message));
  }

  /** Handlers are called from now on. */
  follow(handlers: FollowerHandlers): RingBusFollower {
    this.#handlers = handlers;
    return this;
  }

  get connected(): boolean {
    return this.#connected;
  }

  send(message: Uplink): Promise<void> {
    if (!this.#connected) return Promise.reject(new WsClusterError('BUS_UNAVAILABLE', 'not connected to the bus'));
    tell({ say: 'uplink', message });
    return Promise.resolve();
  }

  async load(): Promise<RingMessage | undefined> {
    this.#loading = Promise.withResolvers();
    tell({ say: 'load' });
    try {
      return await this.#loading.promise;
    } finally {
      this.#loading = undefined;
    }
  }

  close(): Promise<void> {
    this.#handlers = undefined;
    this.#loading?.reject(new WsClusterError('STORE_UNAVAILABLE', 'closed'));
    return Promise.resolve();
  }
}

/** Says something to the primary. If that is gone, the worker is about to stop. */
export function tell(message: FromWorker): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => {});
}
