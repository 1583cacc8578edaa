import { processCommand } from '../process-command.ts';

export const controller = processCommand({
  name: 'controller',
  summary: 'runs a controller, which makes the ring and keeps the nodes',
  help: `Runs the controller of one cluster until SIGTERM. It starts the nodes, decides who owns which keys and tells the
gateways. When it ends, nodes and gateways go on; the next controller takes them over.

  wscluster controller --cluster deploy/local/chat.yaml --state-dir /var/lib/wscluster`,
  program: 'controller',
});
