/**
 * What the processes of the ring-fanout benchmark tell their parent. Times are of the machine's monotonic clock, ms.
 */
export type FanoutMessage = { readonly ready: true } | { readonly version: number; readonly at: number };

export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
