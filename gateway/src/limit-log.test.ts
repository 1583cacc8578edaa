import { createLogger } from '@wscluster/service';
import { describe, expect, it } from 'vitest';
import { LimitLog } from './limit-log.ts';

describe('refusals by a limit', () => {
  it('are logged at once, and then counted for 10 s, by limit', () => {
    const lines: { limit: string; refused: number }[] = [];
    const clock = { ms: 0 };
    const log = createLogger('gateway', {}, { write: (line) => void lines.push(JSON.parse(line)) });
    const limits = new LimitLog(log, () => clock.ms);
    for (let refusal = 0; refusal < 1_000; refusal++) limits.refused('maxConnections', 'full');
    limits.refused('maxRequests', 'full');
    clock.ms += 10_000;
    limits.refused('maxConnections', 'full');
    expect(lines.map(({ limit, refused }) => [limit, refused])).toEqual([
      ['maxConnections', 1],
      ['maxRequests', 1],
      ['maxConnections', 1_000],
    ]);
  });
});
