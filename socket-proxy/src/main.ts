import { createLogger, readOptions, runProcess } from '@wscluster/service';
import { startSocketProxy } from './app.ts';
import { socketProxyOptions } from './config.ts';

const log = createLogger('socket-proxy');

await runProcess(log, async () => {
  const program = 'socket-proxy: the part of the Docker API that a wscluster controller calls';
  const options = readOptions(program, socketProxyOptions, process.argv.slice(2), process.env, log);
  if (options === undefined) process.exit(0);
  // A container that mounts the socket keeps the old one until it is restarted, which Docker does once this process
  // ends.
  return await startSocketProxy(options, log, () => process.kill(process.pid, 'SIGTERM'));
});
