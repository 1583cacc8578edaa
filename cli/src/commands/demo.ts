import { messageOf, WsClusterError } from '@wscluster/ring';
import { API_HELP } from '../api/options.ts';
import type { Command } from '../command.ts';
import { runDemo } from '../demo/app.ts';
import { type DemoOptions, readDemoOptions } from '../demo/options.ts';
import { EXIT, EXIT_HELP } from '../exit-codes.ts';

const USAGE = 'usage: wscluster demo [--clients N] [--script STEPS] [--seconds N] [--api URL [--gateways LIST]]\n';
const HELP = `${USAGE}
Connects many clients and shows how they move while nodes come and go. It starts a whole cluster of its own, or uses a
running one (--api). The clients reconnect by themselves and send numbered messages. In a terminal press a to add a
node, d to drain and k to kill the node with the most clients, and q to quit.

  npm run demo -- --clients 500
  npm run demo -- --clients 500 --script "wait 2; add; wait 3; drain; wait 3; kill; wait 3"

Two figures should always be 0:
  lost   messages that were not echoed within 5 s on an open connection. Messages that are unacknowledged when a
         connection ends are resent on the next one, and their time starts over.
  wrong  clients that were on a node other than the owner of their key, twice in a row 0.2 s apart, while the cluster
         was settled (nothing left to move, every gateway in sync).
A change is complete when the cluster is settled and all clients are connected. The demo counts each moved client once.
The time of a change ends when the last client that reconnected has been greeted.

  --clients N      number of clients, 1 to 20000 (default 500)
  --script STEPS   steps instead of keys: add, drain, kill, wait SECONDS, separated by semicolons. A change waits until
                   the previous one is complete; the demo ends after the last one
  --seconds N      end after N seconds (default: after the script, or with q)
  --gateways LIST  host:port or ws:// URLs of a running cluster's gateways (default: those that its API names)
  --path PATH      path that clients connect to, {key} stands for the key (default /websocket/connect/{key})
${API_HELP}
A running cluster may have any backend; give the path that its clients connect to. If its nodes do not greet clients as
the sample backend does, clients connect but send nothing, and lost and wrong are unknown.
${EXIT_HELP} A figure above 0 for lost or wrong is a failure, and so are clients that could not connect.
`;

export const demo: Command = {
  name: 'demo',
  summary: 'run many clients while nodes come and go (npm run demo)',
  async run(args) {
    let options: DemoOptions | undefined;
    try {
      options = readDemoOptions(args);
    } catch (error) {
      process.stderr.write(`wscluster demo: ${messageOf(error)}\n${USAGE}`);
      return EXIT.usage;
    }
    if (options === undefined) {
      process.stdout.write(HELP);
      return EXIT.ok;
    }
    try {
      return (await runDemo(options)) ? EXIT.ok : EXIT.failed;
    } catch (error) {
      process.stderr.write(`wscluster demo: ${messageOf(error)}\n`);
      const unreachable = error instanceof WsClusterError && error.code === 'API_UNREACHABLE';
      return unreachable ? EXIT.unreachable : EXIT.failed;
    }
  },
};
