/** From the benchmark to the controller: the last node is there from now on, or gone; or how many reports have come? */
export type ControllerHears = { readonly say: 'change'; readonly last: 'comes' | 'goes' } | { readonly say: 'count' };

/** From the controller to the benchmark. Times are monotonic ms of the controller. */
export type ControllerSays =
  | { readonly say: 'listens'; readonly api: number }
  | { readonly say: 'reports'; readonly count: number }
  /** A change of the nodes, until the ring was sent, and until the last gateway's acknowledgement was here. */
  | { readonly say: 'followed'; readonly publishedMs: number; readonly acknowledgedMs: number };

/** From a process with gateways to the benchmark: all of them have a ring and their clients. */
export interface GatewaysSay {
  readonly say: 'serve';
}
