import { createLogger, readOptions, runProcess } from '@wscluster/service';
import { startDev } from './dev/app.ts';
import { printLine } from './dev/log-stream.ts';
import { devOptions } from './dev/options.ts';

const [command, ...args] = process.argv.slice(2);

if (command === 'dev') {
  const log = createLogger('dev', {}, { write: (line) => printLine(line.trimEnd()) });
  await runProcess(log, async (signal) => {
    const options = readOptions('wscluster dev', devOptions, args);
    return options === undefined ? process.exit(0) : startDev(options, log, signal);
  });
} else {
  process.stderr.write('usage: wscluster dev [--help]\n');
  process.exit(2);
}
