import { describe, expect, test } from 'vitest';
import type { Look } from './watch.ts';
import { type Placed, WrongClients } from './wrong.ts';

describe('clients at a wrong owner', () => {
  const look = (revision: string, settled = true): Look => ({
    revision,
    settled,
    message: '',
    nodes: [],
    gateways: 1,
    migrated: 0,
    ownerOf: () => 'right',
  });
  const on = (node: string | undefined): { key: string; node: string | undefined } => ({ key: 'alice', node });
  const countAfter = (clients: readonly Placed[], ...looks: (Look | undefined)[]) => {
    const wrong = new WrongClients();
    for (const seen of looks) wrong.check(seen, clients);
    return wrong.count;
  };

  test('are wrong at the second look in a row, and counted once', () => {
    const clients = [on('wrong'), on('right'), on(undefined)];
    expect(countAfter(clients, look('1.1'))).toBe(0);
    expect(countAfter(clients, look('1.1'), look('1.1'))).toBe(1);
    expect(countAfter(clients, look('1.1'), look('1.1'), look('1.1'))).toBe(1);
  });

  test.each([
    ['a new ring', look('1.2')],
    ['moves that go on', look('1.1', false)],
    ['no look at all', undefined],
  ])('are not judged across %s', (_what, between) => {
    expect(countAfter([on('wrong')], look('1.1'), between, look('1.1'))).toBe(0);
  });

  test('are right when they have come back meanwhile', () => {
    const client = on('wrong');
    const wrong = new WrongClients();
    wrong.check(look('1.1'), [client]);
    client.node = 'right';
    wrong.check(look('1.1'), [client]);
    expect(wrong.count).toBe(0);
  });
});
