import { processCommand } from '../process-command.ts';

export const controller = processCommand({
  name: 'controller',
  summary: 'run a controller, which computes the ring and manages the nodes',
  help: `Runs a controller until SIGTERM. It manages the nodes, decides which node owns which keys, and tells the gateways.
When it stops, nodes and gateways keep running, and the next controller takes over.

  wscluster controller --cluster deploy/local/chat.yaml --state-dir /var/lib/wscluster`,
  program: 'controller',
});
