import { describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS } from '../limits.ts';
import { type Verdict, Vitals } from './vitals.ts';

const LIMITS = { ...DEFAULT_LIMITS, sweepMs: 1_000, idleMs: 0, pingMs: 0, stallMs: 0 };

/** Two ends of which a test says what they counted. */
function ends() {
  const client = { bytesRead: 0, writableLength: 0, paused: false, isPaused: () => client.paused };
  return { client, node: { bytesRead: 0, writableLength: 0 } };
}

describe('what the counts of two sockets say', () => {
  it('a connection without a byte either way is idle after idleMs; bytes of either side keep it', () => {
    const { client, node } = ends();
    const vitals = new Vitals();
    const look = () => vitals.look(client, node, { ...LIMITS, idleMs: 2_000 });
    expect([look(), look()]).toEqual([undefined, 'idle']);
    client.bytesRead += 1;
    expect([look(), look()]).toEqual([undefined, undefined]);
    node.bytesRead += 1;
    expect([look(), look(), look()]).toEqual([undefined, undefined, 'idle']);
  });

  it('a silent client is quiet after pingMs, and dead after two Pings without an answer', () => {
    const { client, node } = ends();
    const vitals = new Vitals();
    const look = (): Verdict => {
      const verdict = vitals.look(client, node, { ...LIMITS, pingMs: 2_000 });
      if (verdict === 'quiet') vitals.pinged();
      return verdict;
    };
    const looks = () => [look(), look()];
    expect([looks(), looks(), looks()]).toEqual([
      [undefined, 'quiet'],
      [undefined, 'quiet'],
      [undefined, 'dead'],
    ]);
  });

  it('answers to Pings keep a client alive, and do not count as use', () => {
    const { client, node } = ends();
    const vitals = new Vitals();
    let pings = 0;
    const look = (): Verdict => {
      const verdict = vitals.look(client, node, { ...LIMITS, pingMs: 1_000, idleMs: 9_000 });
      if (verdict !== 'quiet') return verdict;
      vitals.pinged();
      pings++;
      client.bytesRead += 6;
      return undefined;
    };
    const verdicts = Array.from({ length: 9 }, look);
    expect(verdicts).toEqual([...Array.from({ length: 8 }, () => undefined), 'idle']);
    expect(pings).toBe(4);
  });

  it('a client that cannot be heard, or has not taken what waits for it, is not pinged', () => {
    const { client, node } = ends();
    const vitals = new Vitals();
    const look = () => vitals.look(client, node, { ...LIMITS, pingMs: 1_000 });
    client.paused = true;
    expect([look(), look()]).toEqual([undefined, undefined]);
    client.paused = false;
    client.writableLength = 5;
    expect([look(), look()]).toEqual([undefined, undefined]);
    client.writableLength = 0;
    expect(look()).toBe('quiet');
  });

  it('a client that takes nothing of what waits is stalled after stallMs; any progress begins anew', () => {
    const { client, node } = ends();
    const vitals = new Vitals();
    const look = () => vitals.look(client, node, { ...LIMITS, stallMs: 2_000 });
    node.bytesRead = 1_000;
    client.writableLength = 800;
    expect([look(), look()]).toEqual([undefined, undefined]);
    client.writableLength = 700;
    expect([look(), look()]).toEqual([undefined, undefined]);
    // More came for it, and it took none.
    node.bytesRead += 50;
    client.writableLength += 50;
    expect(look()).toBe('stalled');
  });

  it('a node that takes nothing of what waits is stalled too, since its client is held back and cannot be seen to go', () => {
    const { client, node } = ends();
    const vitals = new Vitals();
    const look = () => vitals.look(client, node, { ...LIMITS, stallMs: 2_000 });
    client.bytesRead = 1_000;
    node.writableLength = 800;
    expect([look(), look()]).toEqual([undefined, undefined]);
    node.writableLength = 0;
    expect([look(), look(), look()]).toEqual([undefined, undefined, undefined]);
    client.bytesRead += 50;
    node.writableLength = 50;
    expect([look(), look(), look()]).toEqual([undefined, undefined, 'stalled']);
  });
});
