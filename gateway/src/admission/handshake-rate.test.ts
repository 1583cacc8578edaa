import { describe, expect, it } from 'vitest';
import { HandshakeRate } from './handshake-rate.ts';

function rateAt() {
  const clock = { ms: 5_000 };
  const rate = new HandshakeRate(() => clock.ms);
  /** How many of 100 handshakes are admitted now. */
  const admitted = (maxPerSecond: number) => {
    let count = 0;
    for (let handshake = 0; handshake < 100; handshake++)
      try {
        rate.admit(maxPerSecond);
        count++;
      } catch {
        // Refused.
      }
    return count;
  };
  return { clock, rate, admitted };
}

describe('the rate of handshakes', () => {
  it('admits a burst of one second, then as many as fall due', () => {
    const { clock, admitted } = rateAt();
    expect(admitted(20)).toBe(20);
    clock.ms += 250;
    expect(admitted(20)).toBe(5);
    clock.ms += 60_000;
    expect(admitted(20)).toBe(20);
  });

  it('has no limit at 0, and follows a limit that changes', () => {
    const { clock, admitted } = rateAt();
    expect(admitted(0)).toBe(100);
    expect(admitted(10)).toBe(10);
    clock.ms += 1_000;
    expect(admitted(50)).toBe(50);
  });

  it('says which limit it is', () => {
    const { rate, admitted } = rateAt();
    admitted(1);
    expect(() => rate.admit(1)).toThrow(
      expect.objectContaining({ code: 'LIMIT_REACHED', field: 'maxHandshakesPerSecond' }),
    );
  });
});
