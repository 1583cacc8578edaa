import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { needProgram } from '../process/find-program.ts';
import { run } from '../process/run.ts';
import { ServerProcess } from '../process/server-process.ts';
import type { RealServer } from '../server.ts';

/**
 * Erlang's port mapper, not started. Each broker gets its own, in the foreground. The one that a broker starts by
 * itself would be shared, listen on all interfaces, and stay after the broker has ended.
 */
export function epmdServer(port: number, folder: string): RealServer {
  const program = needProgram('epmd', 'erlang-base');
  const own = join(folder, 'epmd');
  mkdirSync(own);
  return new ServerProcess({
    name: 'epmd',
    address: `127.0.0.1:${port}`,
    folder: own,
    env: { HOME: own }, // whose it is can be seen
    command: [program, '-address', '127.0.0.1', '-port', String(port)],
    answers: () =>
      run(program, ['-port', String(port), '-names']).then(
        () => true,
        () => false,
      ),
  });
}
