import { processCommand } from '../process-command.ts';

export const node = processCommand({
  name: 'node',
  summary: 'run the sample backend, which greets and echoes',
  help: `Runs a sample backend until SIGTERM. The controller starts such nodes by itself; run one by hand to try it without
a gateway, or as a pattern for your own (docs/backend.md).

  wscluster node --id one --listen 127.0.0.1:8090`,
  program: 'ws-node',
});
