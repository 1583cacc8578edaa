import { processCommand } from '../process-command.ts';

export const gateway = processCommand({
  name: 'gateway',
  summary: 'run a gateway, which clients connect to',
  help: `Runs a gateway of a cluster until SIGTERM. It passes each connection on to the node that owns its key. It finds
the controller through the state folder that they share, or through RabbitMQ and Redis.

  wscluster gateway --cluster chat --state-dir /var/lib/wscluster --listen 127.0.0.1:7000 --probes 127.0.0.1:8082`,
  program: 'gateway',
});
