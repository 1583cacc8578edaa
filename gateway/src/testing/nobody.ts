import { once } from 'node:events';
import { connect } from 'node:net';
import type { TestNode } from './rings.ts';

/** A node on a port that nobody listens on. */
export const NOBODY: TestNode = { id: 'nobody', port: 1 };

/** Resolves once a connection to nobody is refused: by then one that was begun earlier is too. */
export async function nobodyRefuses(): Promise<void> {
  await once(connect(NOBODY.port, '127.0.0.1'), 'error');
}
