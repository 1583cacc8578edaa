import type { Readable, Writable } from 'node:stream';
import { PatientTimer } from '../patient-timer.ts';

/** Milliseconds; 0: forever. */
export interface PumpLimits {
  /** How long `from` may send nothing although `to` would take it. */
  readonly silentMs: number;
  onSilent(): void;
  /** How long `to` may take nothing of what waits for it. */
  readonly stalledMs: number;
  onStalled(): void;
}

/**
 * Passes on what `from` sends, at the speed at which `to` takes it, and ends `to` after it. Only one of the two limits
 * counts at a time, so that nobody is blamed for the other end. Stops by itself when `to` is finished or closed.
 */
export function pump(from: Readable, to: Writable, limits: PumpLimits): void {
  const timer = new PatientTimer();
  const wait = (ms: number, late: () => void) => {
    if (ms > 0) timer.start(ms, late);
    else timer.stop();
  };
  const hear = () => wait(limits.silentMs, limits.onSilent);
  const flush = () => wait(limits.stalledMs, limits.onStalled);

  const onData = (chunk: Buffer) => {
    if (to.write(chunk)) timer.refresh();
    else {
      from.pause();
      flush();
    }
  };
  const onDrain = () => {
    hear();
    from.resume();
  };
  const onEnd = () => {
    to.off('drain', onDrain);
    flush();
    to.end();
  };
  const stop = () => {
    timer.stop();
    from.off('data', onData).off('end', onEnd);
    to.off('drain', onDrain).off('finish', stop).off('close', stop);
  };
  to.on('drain', onDrain).on('finish', stop).on('close', stop);
  hear();
  from.on('data', onData).on('end', onEnd);
}
