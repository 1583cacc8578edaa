import { once } from 'node:events';
import { expect, test, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { echo } from './echo.ts';

const MIB = 1024 * 1024;

test('a client that sends without reading is held back, and gets everything once it reads', async () => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as { port: number }).port}`);
  const [serverSide] = (await once(server, 'connection')) as [WebSocket];
  try {
    echo(serverSide);
    await once(client, 'open');
    let received = 0;
    client.on('message', (data: Buffer) => {
      received += data.length;
    });
    client.pause();
    for (let i = 0; i < 200; i++) client.send(Buffer.alloc(MIB / 4));

    await vi.waitFor(() => expect(serverSide.isPaused).toBe(true), { timeout: 30_000 });
    // Only what had been read from the socket before it was paused can follow.
    expect(serverSide.bufferedAmount).toBeLessThan(5 * MIB);
    client.resume();
    await vi.waitFor(() => expect(received).toBe(50 * MIB), { timeout: 30_000 });
    expect(serverSide.isPaused).toBe(false);
  } finally {
    client.terminate();
    await new Promise((resolve) => server.close(resolve));
  }
});
