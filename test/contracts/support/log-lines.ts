import { Writable } from 'node:stream';
import type { Logger } from '@wscluster/service';
import { type Level, pino } from 'pino';

export interface RecordedLog {
  readonly log: Logger & { level: string };
  /** The lines from `level` upwards, as objects. */
  readonly lines: Record<string, unknown>[];
  /** Those from warn upwards. */
  readonly warnings: Record<string, unknown>[];
}

const WARN = 40;

/** A logger whose lines from `level` (default warn) upwards can be read back as objects. */
export function recordingLog(level: Level = 'warn'): RecordedLog {
  const lines: Record<string, unknown>[] = [];
  const warnings: Record<string, unknown>[] = [];
  const sink = new Writable({
    write(line, _encoding, done) {
      const entry = JSON.parse(String(line)) as Record<string, unknown>;
      lines.push(entry);
      if (Number(entry.level) >= WARN) warnings.push(entry);
      done();
    },
  });
  return { log: pino({ level }, sink), lines, warnings };
}
