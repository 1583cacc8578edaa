import type { Broadcast, RingMessage, Uplink } from '@wscluster/ring';
import type { HostPort } from '@wscluster/service';
import type { GatewayOptions, LiveOptions } from '../gateway-options.ts';

/** What a worker is started with. */
export interface WorkerOptions extends LiveOptions, Pick<GatewayOptions, 'cluster' | 'id' | 'advertise'> {
  readonly worker: number;
  readonly workers: number;
  readonly listen: HostPort;
  readonly logLevel: string;
}

/** From the primary to a worker. */
export type ToWorker =
  | { readonly say: 'begin'; readonly options: WorkerOptions; readonly connected: boolean }
  | { readonly say: 'connected'; readonly connected: boolean }
  | { readonly say: 'broadcast'; readonly message: Broadcast }
  /** Answers `load`. */
  | { readonly say: 'loaded'; readonly ring: RingMessage | undefined }
  | { readonly say: 'load-failed'; readonly message: string }
  /** Answers with `metrics`. */
  | { readonly say: 'measure' }
  | { readonly say: 'change'; readonly options: LiveOptions; readonly logLevel: string };

/** From a worker to the primary. */
export type FromWorker =
  /** Has started, and waits for `begin`. */
  | { readonly say: 'hello' }
  | { readonly say: 'uplink'; readonly message: Uplink }
  /** Reads the store; one at a time. */
  | { readonly say: 'load' }
  /** Listens. `problem`: why it is not ready. Sent again when that changes. */
  | { readonly say: 'listens'; readonly problem: string | undefined }
  | { readonly say: 'metrics'; readonly metrics: readonly object[] };
