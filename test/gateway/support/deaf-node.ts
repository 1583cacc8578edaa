import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { TestNode } from '@wscluster/gateway/testing/rings';
import { until } from '../../e2e/support/wait.ts';

export interface DeafNode extends TestNode {
  stop(): Promise<void>;
}

const SCRIPT = `
const server = require('node:net').createServer();
server.listen({ host: '127.0.0.1', port: 0, backlog: 1 }, () => console.log(server.address().port));
`;

/**
 * A node that cannot even be connected to, as one whose machine is gone: a stopped process whose queue of connections
 * is full, so that the system answers no SYN.
 */
export async function startDeafNode(id: string): Promise<DeafNode> {
  const child = spawn(process.execPath, ['-e', SCRIPT], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const port = Number(String(line));
  child.kill('SIGSTOP');
  const fillers: Socket[] = [];
  // One at a time: the queue is full when the last one stays unanswered for longer than any answer takes.
  await until('the queue is full', async () => {
    const socket = connect({ port, host: '127.0.0.1' }).on('error', () => {});
    fillers.push(socket);
    await Promise.race([once(socket, 'connect'), once(AbortSignal.timeout(200), 'abort')]);
    return socket.connecting;
  });
  return {
    id,
    port,
    async stop() {
      for (const socket of fillers) socket.destroy();
      const exit = once(child, 'exit');
      child.kill('SIGKILL');
      await exit;
    },
  };
}
