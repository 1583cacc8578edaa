import { createLogger, readOptions, runProcess } from '@wscluster/service';
import { startNode } from './app.ts';
import { nodeOptions } from './config.ts';

const log = createLogger('ws-node');

await runProcess(log, async () => {
  const options = readOptions('ws-node: the sample backend of a wscluster', nodeOptions);
  if (options === undefined) process.exit(0);
  return await startNode(options, log);
});
