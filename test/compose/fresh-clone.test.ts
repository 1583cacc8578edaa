import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { until } from '../e2e/support/wait.ts';
import { Deployment, REPOSITORY } from './support/deployment.ts';

/** The engine may be busy with others, and the images may have to be made. */
const PATIENCE_MS = 1_200_000;

let clone: string;

beforeEach(() => {
  clone = mkdtempSync(join(tmpdir(), 'wsc-clone-'));
  execFileSync('git', ['clone', '--quiet', REPOSITORY, clone]);
});
afterEach(() => rmSync(clone, { recursive: true, force: true }));

// Docker Desktop's socket has group 0, Debian's package makes 109 of it, and Docker's own often 999.
test.each([0, 109, 999])(
  'docker compose up serves clients from a fresh clone, with the engine’s socket in group %i',
  async (socketGroup) => {
    const engine = { socketGroup, atMachineSocket: true };
    const site = await Deployment.up(['compose.yaml'], { root: clone, engine });
    try {
      const { gid, mode } = statSync(site.engine.host.replace('unix://', ''));
      expect([gid, mode & 0o777]).toEqual([socketGroup, 0o660]);
      const [url = ''] = site.clientUrls('alice');
      const client = new WebSocket(url);
      expect(JSON.parse(String((await once(client, 'message'))[0]))).toMatchObject({ type: 'hello', key: 'alice' });
      client.send('hello');
      expect(String((await once(client, 'message'))[0])).toBe('hello');
      client.terminate();
      await until('the socket is closed', () => client.readyState === WebSocket.CLOSED);
    } finally {
      await site.down();
    }
  },
  PATIENCE_MS,
);
