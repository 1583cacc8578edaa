import { createLogger, readOptions, runProcess } from '@wscluster/service';
import { startNode } from './app.ts';
import { nodeOptions } from './config.ts';

const log = createLogger('ws-node');

await runProcess(log, async () => {
  const program = 'ws-node: the sample backend of wscluster';
  const options = readOptions(program, nodeOptions, process.argv.slice(2), process.env, log);
  if (options === undefined) process.exit(0);
  return await startNode(options, log);
});
