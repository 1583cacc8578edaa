import type { Limits } from '@wscluster/gateway';
import type { RingChange, RingMessage } from '@wscluster/ring';

/** What a test says to a gateway in a process of its own. */
export type GatewayRequest =
  | { readonly say: 'start'; readonly ring: RingMessage; readonly limits: Partial<Limits> }
  | { readonly say: 'broadcast'; readonly ring: RingChange | RingMessage }
  | { readonly say: 'census'; readonly collect: boolean }
  | { readonly say: 'stop' };

/** What the gateway's process has at one moment. */
export interface Census {
  readonly connections: number;
  readonly sockets: number;
  /** What holds the event loop, by kind: sockets, servers, timers. */
  readonly resources: Readonly<Record<string, number>>;
  /** Listeners on the process itself. */
  readonly processListeners: number;
  readonly heapBytes: number;
  /** Of all buffers, which are outside of the heap. */
  readonly bufferBytes: number;
  readonly rssBytes: number;
  /** Processor time since its start, of user and kernel, ms. */
  readonly cpuMs: number;
  /** Longest delay of its event loop since the last census, ms. Includes that other processes had the processor. */
  readonly loopDelayMs: number;
  /** How many migrations had each outcome. */
  readonly migrations: Readonly<Record<string, number>>;
  /** Its log lines of level error: nobody expected what they tell. */
  readonly errors: readonly string[];
}

export type GatewayAnswer = { readonly port: number } | { readonly census: Census };
