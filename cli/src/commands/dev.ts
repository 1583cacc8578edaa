import { createLogger, readOptions, runProcess } from '@wscluster/service';
import type { Command } from '../command.ts';
import { startDev } from '../dev/app.ts';
import { printLine } from '../dev/log-stream.ts';
import { devOptions } from '../dev/options.ts';
import type { ExitCode } from '../exit-codes.ts';

const HELP = `Runs a whole cluster on this machine until Ctrl-C: a controller, gateways and nodes, each as a separate process.
Nodes are containers if the cluster file has an image or a selector.

  wscluster dev --gateway-ports 7000,7001 --state-dir /tmp/my-cluster

`;

export const dev: Command = {
  name: 'dev',
  summary: 'run a whole cluster on this machine (npm start)',
  async run(args) {
    if (args.includes('--help') || args.includes('-h')) process.stdout.write(HELP);
    const log = createLogger('dev', {}, { write: (line) => printLine(line.trimEnd()) });
    await runProcess(log, async (signal) => {
      const options = readOptions('wscluster dev', devOptions, args);
      return options === undefined ? process.exit(0) : startDev(options, log, signal);
    });
    return new Promise<ExitCode>(() => {});
  },
};
