import { expect, test } from 'vitest';
import { Changes } from './changes.ts';
import type { Look } from './watch.ts';

const look = (revision: string, settled = true): Look => ({
  ...{ revision, settled, message: '', nodes: [], gateways: 1, migrated: 0 },
  ownerOf: () => undefined,
});

test('a client that moved twice during a change, as behind a killed node that is replaced, counts once', () => {
  const clients = [0, 0, 0, 3].map((moves) => ({ moves, greetedAt: 1 }));
  const changes = new Changes({ clients, connected: clients.length });
  changes.check(look('1.1'));
  changes.begin('killed a', look('1.1'));
  for (const [at, moves] of [2, 1, 0, 3].entries()) {
    const client = clients[at];
    if (client !== undefined) Object.assign(client, { moves });
  }
  changes.check(look('1.2', false));
  changes.check(look('1.3'));
  expect(changes.check(look('1.3'))).toMatchObject({ what: 'killed a', moved: 2 });
});
