import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, test } from 'vitest';
import { checkPorts, portsOf } from './ports.ts';

const options = { cluster: '', stateDir: '', apiPort: 7080, gatewayPorts: [7000, 7001], probePorts: 8081 };

test('a launcher needs a port for the API, one a gateway, and probes of each', () => {
  expect(portsOf(options).map(({ port, flag }) => [port, flag])).toEqual([
    [7080, '--api-port'],
    [7000, '--gateway-ports'],
    [7001, '--gateway-ports'],
    [8081, '--probe-ports'],
    [8082, '--probe-ports'],
    [8083, '--probe-ports'],
  ]);
});

test.each([
  [{ apiPort: 7001 }, '--gateway-ports: 7001 is given both to the API (--api-port) and to gateway-2'],
  [{ gatewayPorts: [7000, 7000] }, '--gateway-ports: 7000 is given both to gateway-1 (--gateway-ports) and to'],
  [{ probePorts: 6999 }, '--probe-ports: 7000 is given both to gateway-1 (--gateway-ports) and to the probes of'],
  [{ probePorts: 65_534 }, '--probe-ports: the probes of gateway-2 would be at 65536; the highest port is 65535'],
])('%j is refused', async (given, message) => {
  await expect(checkPorts(portsOf({ ...options, ...given }))).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining(message),
  });
});

test('a taken port is PORT_TAKEN, with the option that changes it; free ones stay free', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const uses = [{ port, flag: '--api-port', what: 'the API' }];
  await expect(checkPorts(uses)).rejects.toMatchObject({
    code: 'PORT_TAKEN',
    field: 'api-port',
    message: `the API: another process listens on 127.0.0.1:${port}; stop it or choose another port (--api-port)`,
  });
  await once(server.close(), 'close');
  await checkPorts(uses);
  await checkPorts(uses);
});
