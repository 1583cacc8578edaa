import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { TestNode } from '@wscluster/gateway/testing/rings';
import type { Step } from './case.ts';
import { play } from './play.ts';

export interface HostileNode extends TestNode {
  /** What it does with the requests of these cases, by their numbers. */
  readonly steps: Map<number, readonly Step[]>;
  stop(): Promise<void>;
}

/** A node that does with each request what its case says. */
export async function startHostileNode(id: string): Promise<HostileNode> {
  const steps = new Map<number, readonly Step[]>();
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    open.add(socket);
    socket.on('error', () => {}).on('close', () => open.delete(socket));
    socket.on('end', () => socket.end());
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text = (text + chunk.toString('latin1')).slice(-65_536);
      const found = /case-(\d+)/.exec(text);
      if (found === null || !text.includes('\r\n\r\n')) return;
      text = '';
      const played = play(socket, steps.get(Number(found[1])) ?? []);
      played.catch(() => socket.destroy());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    id,
    port: (server.address() as AddressInfo).port,
    steps,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of open) socket.destroy();
      }),
  };
}
