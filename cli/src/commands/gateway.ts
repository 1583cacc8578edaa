import { processCommand } from '../process-command.ts';

export const gateway = processCommand({
  name: 'gateway',
  summary: 'runs a gateway, which clients connect to',
  help: `Runs a gateway of a cluster until SIGTERM. It finds the controller by the folder of state that both share, and
passes each connection on to the node that owns its key.

  wscluster gateway --cluster chat --state-dir /var/lib/wscluster --listen 127.0.0.1:7000 --probes 127.0.0.1:8082`,
  program: 'gateway',
});
