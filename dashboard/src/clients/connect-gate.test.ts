import { expect, test } from 'vitest';
import { ConnectGate } from './connect-gate.ts';

test('six connect at a time, in the order in which they asked', () => {
  const gate = new ConnectGate();
  const connecting: number[] = [];
  for (let n = 0; n < 20; n++) gate.ask(() => connecting.push(n));
  expect(connecting).toEqual([0, 1, 2, 3, 4, 5]);
  gate.done();
  gate.done();
  expect(connecting).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  for (let n = 2; n < 20; n++) gate.done();
  gate.ask(() => connecting.push(99));
  expect(connecting.slice(-2)).toEqual([19, 99]);
});
