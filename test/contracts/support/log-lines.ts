import { Writable } from 'node:stream';
import type { Logger } from '@wscluster/service';
import { pino } from 'pino';

/** A logger whose lines from warn upwards can be read back as objects. */
export function recordingLog(): { log: Logger; warnings: Record<string, unknown>[] } {
  const warnings: Record<string, unknown>[] = [];
  const lines = new Writable({
    write(line, _encoding, done) {
      warnings.push(JSON.parse(String(line)) as Record<string, unknown>);
      done();
    },
  });
  return { log: pino({ level: 'warn' }, lines), warnings };
}
