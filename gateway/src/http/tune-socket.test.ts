import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { eventually } from '../testing/eventually.ts';
import { accept, rawUpgrade } from '../testing/raw-socket.ts';
import { useGateway } from '../testing/use-gateway.ts';
import { tuneAccepted } from './tune-socket.ts';

const { gatewayFor, rawNode } = useGateway({});
const { platform } = process;

function pretend(system: NodeJS.Platform): void {
  Object.defineProperty(process, 'platform', { value: system });
}

afterEach(() => pretend(platform));

/** Whether the kernel has a timer of keep-alive for each end of connections at a port; Linux says so. */
function keptAlive(port: number): boolean[] {
  const address = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const rows = readFileSync('/proc/net/tcp', 'utf8').split('\n');
  const open = rows
    .map((row) => row.trim().split(/\s+/))
    .filter(([, local, , state]) => state === '01' && local?.endsWith(address));
  return open.map(([, , , , , timer]) => timer?.startsWith('02:') === true);
}

it.each(platform === 'linux' ? (['linux', 'freebsd'] as const) : [platform])(
  'the kernel looks after the sockets of clients, also where they have no options from the one that listens: %s',
  async (system) => {
    pretend(system);
    const node = await rawNode('a', accept);
    const { gateway } = await gatewayFor(node);
    const client = rawUpgrade(gateway.port, '/connect/ada');
    await eventually('the 101', () => client.text.endsWith('\r\n\r\n'));
    if (platform === 'linux') await eventually('its timer', () => keptAlive(gateway.port).join() === 'true');
    client.socket.destroy();
  },
);

it('only Linux has options of accepted sockets from the one that listens, and only with the fields of Node', async () => {
  const server = createServer();
  expect(tuneAccepted(server)).toBe(false);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  expect(tuneAccepted(server)).toBe(platform === 'linux');
  pretend('darwin');
  expect(tuneAccepted(server)).toBe(false);
  await new Promise((resolve) => server.close(resolve));
});
