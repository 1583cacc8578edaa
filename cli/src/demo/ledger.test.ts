import { describe, expect, test } from 'vitest';
import { Ledger, LOST_MS } from './ledger.ts';

describe('the ledger of a client', () => {
  const written = (count: number, ledger = new Ledger()) => {
    for (let n = 0; n < count; n++) ledger.sent(ledger.write(), 0);
    return ledger;
  };

  test('counts each echo once, however often it comes', () => {
    const ledger = written(2);
    for (const number of [0, 1, 1, 0, 7]) ledger.echoed(number);
    expect(ledger).toMatchObject({ acknowledged: 2, pending: 0, lost: 0 });
  });

  test('names what the next connection has to send again, in order', () => {
    const ledger = written(4);
    ledger.echoed(1);
    ledger.interrupted();
    ledger.write();
    expect(ledger.unacknowledged()).toEqual([0, 2, 3, 4]);
  });

  test('a number without an echo for 5 s is lost, and is lost once', () => {
    const ledger = written(2);
    ledger.echoed(0);
    ledger.expire(LOST_MS - 1);
    expect(ledger.lost).toBe(0);
    ledger.expire(LOST_MS);
    ledger.expire(2 * LOST_MS);
    expect(ledger).toMatchObject({ lost: 1, pending: 0 });
  });

  test('time without a connection does not count: sending again starts it afresh', () => {
    const ledger = written(1);
    ledger.interrupted();
    ledger.expire(10 * LOST_MS);
    ledger.sent(0, 10 * LOST_MS);
    ledger.expire(11 * LOST_MS - 1);
    expect(ledger.lost).toBe(0);
    ledger.expire(11 * LOST_MS);
    expect(ledger.lost).toBe(1);
  });

  test('at the end what has no echo is lost, sent or not', () => {
    const ledger = written(2);
    ledger.write();
    ledger.echoed(0);
    ledger.close();
    expect(ledger).toMatchObject({ acknowledged: 1, lost: 2, pending: 0 });
  });
});
