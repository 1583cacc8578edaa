import { afterEach, expect, test } from 'vitest';
import { System } from './support/system.ts';
import { until } from './support/wait.ts';

let system: System | undefined;
afterEach(() => system?.stop());

const said = (event: string) => system?.controller.lines.filter((line) => line.event === event) ?? [];
const serving = `require('node:http').createServer((req, res) => res.end()).listen(process.env.PORT)`;

test('nodes that crash at their start are started ever more slowly, and the log has what each of them wrote', async () => {
  const command = [process.execPath, '-e', "throw new Error('no database')"];
  system = await System.begin({ nodes: 1, gateways: 1, command });
  await until('they are started more slowly', () => said('node-backoff').length > 2, 60_000);
  const started = said('node-started').map(({ node }) => node);
  const last = said('node-output').findLast(({ msg }) => String(msg).includes('no database'));
  expect(started).toContain(last?.node);
  const waits = said('node-backoff').map(({ waitMs }) => Number(waitMs));
  expect(Math.max(...waits)).toBeGreaterThan(250);
});

test('a node that never becomes ready is ended after startSeconds and replaced, ever more slowly', async () => {
  system = await System.begin({
    nodes: 1,
    gateways: 1,
    command: [process.execPath, '-e', serving],
    nodeSettings: { startSeconds: 1, readiness: { http: '/up' }, env: { PORT: '0' } },
  });
  await until('they are started more slowly', () => said('node-backoff').length > 1, 60_000);
  expect(said('node-start-failed')[0]).toMatchObject({
    level: 'error',
    msg: expect.stringMatching(/did not become ready within 1 s and is ended: GET http:.*\/up: .*ECONNREFUSED/),
    action: expect.stringMatching(/let it listen on the port in PORT.*; it listens on \d+ instead/),
  });
});
