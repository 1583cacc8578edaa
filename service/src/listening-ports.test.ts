import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, test } from 'vitest';
import { listenersOn, portsOf } from './listening-ports.ts';

test.runIf(process.platform === 'linux')('who listens on a port, and on which ports a process listens', async () => {
  const server = createServer().listen(0, '::1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const script = "const s = require('net').createServer().listen(0, '127.0.0.1', () => console.log(s.address().port))";
  const other = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const otherPort = Number(String((await once(other.stdout, 'data'))[0]));
    expect(listenersOn(port)).toEqual([process.pid]);
    expect(listenersOn(otherPort)).toEqual([other.pid]);
    expect(portsOf([other.pid ?? 0])).toEqual([otherPort]);
    expect(portsOf([process.pid])).toContain(port);
  } finally {
    other.kill('SIGKILL');
    server.close();
  }
});
