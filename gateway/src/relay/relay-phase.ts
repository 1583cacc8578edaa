import type { CloseNotice } from './close-frame.ts';
import type { Handover } from './handover.ts';

/**
 * What is done with the bytes of both ends. `exit` is called when another phase begins.
 *
 * ```
 *  handing-over ◀──handOver()──┐
 *    │ └──────switched──────▶ open       (see Handover; a fault leads to open or told)
 *    ▼
 *  open ──close()──▶ awaiting-boundary ──Close written──▶ told ──client's Close──▶ finishing ──▶ gone
 *    │                                                     ▲
 *    ├──the node ends without a Close──▶ orphaned ──close()┘
 *    │                                      └──endClient()──▶ leaving ──▶ gone
 *    │                                      └──adoptOrphan()──▶ open, at another node
 *    └──an end closes by itself──▶ leaving ──the client is gone──▶ finishing ──▶ gone
 * ```
 * | phase             | node -> client             | client -> node                   | left behind after       |
 * |-------------------|----------------------------|----------------------------------|-------------------------|
 * | open              | relayed                    | relayed                          | never                   |
 * | awaiting-boundary | relayed up to the boundary | relayed                          | closeMs without a byte  |
 * | orphaned          |                            | dropped, or waits                | when it is judged       |
 * | told              | dropped                    | relayed up to the client's Close | closeMs                 |
 * | leaving           | relayed                    | relayed                          | closeMs without a byte  |
 * | finishing         | dropped                    | dropped                          | closeMs, or nodeCloseMs |
 */
export type Phase =
  | { readonly kind: 'open'; exit(): void }
  | { readonly kind: 'handing-over'; readonly handover: Handover; exit(): void }
  | { readonly kind: 'awaiting-boundary'; readonly notice: CloseNotice; boundary: 'message' | 'frame'; exit(): void }
  | { readonly kind: 'orphaned'; held: boolean; exit(): void }
  | { readonly kind: 'told'; readonly notice: CloseNotice; exit(): void }
  | { readonly kind: 'leaving'; exit(): void }
  | { readonly kind: 'finishing'; exit(): void }
  | { readonly kind: 'gone'; exit(): void };

export const NO_EXIT = () => {};
export const OPEN: Phase = { kind: 'open', exit: NO_EXIT };
export const GONE: Phase = { kind: 'gone', exit: NO_EXIT };
